#pragma once

// The address to which an answer to a ticket's mail goes: `support+1234.<signature>@shop.example`. Who answers it
// writes in this ticket, whatever his program does to the other marks of a thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace esnaf::mail {

// 80 bits of HMAC-SHA-256 over the mailbox and the number. `mailbox` is an address as NormalizeEmail makes it.
std::string ReplyAddress(std::string_view mailbox, std::int64_t ticket_number, std::string_view key);
// The ticket's number; none where the address is not the mailbox's, not signed, or signed by another key.
std::optional<std::int64_t> TicketOfReplyAddress(std::string_view address, std::string_view mailbox,
                                                 std::string_view key);

}  // namespace esnaf::mail
