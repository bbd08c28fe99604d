#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_join.h"
#include "cli/card.h"
#include "cli/command_line.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/gateway/v1/card.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = contacts::v1;

std::string IdentitiesOf(const v1::Contact& contact, v1::IdentityKind kind) {
  std::vector<std::string> values;
  for (const auto& identity : contact.identities()) {
    if (identity.kind() != kind) continue;
    values.push_back(kind == v1::IDENTITY_KIND_STORE_CUSTOMER ? absl::StrCat(identity.store_id(), "/", identity.value())
                                                              : identity.value());
  }
  return absl::StrJoin(values, " ");
}

template <typename Contacts>
Table ContactTable(const Contacts& contacts) {
  Table table{{"ID", "NAME", "E-MAIL", "PHONE", "CUSTOMER", "TAGS", "CREATED"}, {}};
  for (const v1::Contact& contact : contacts) {
    table.rows.push_back({contact.id(), contact.display_name(), IdentitiesOf(contact, v1::IDENTITY_KIND_EMAIL),
                          IdentitiesOf(contact, v1::IDENTITY_KIND_PHONE),
                          IdentitiesOf(contact, v1::IDENTITY_KIND_STORE_CUSTOMER), absl::StrJoin(contact.tags(), " "),
                          ShowTime(contact.create_time())});
  }
  return table;
}

void ShowContact(Context& context, const absl::StatusOr<v1::Contact>& contact) {
  if (contact.ok()) Print(context.format, ContactTable(std::vector<v1::Contact>{*contact}), *contact);
  context.Finish(contact.status());
}

}  // namespace

void PrintCard(const gateway::v1::CustomerCard& card) {
  const auto& contact = card.contact();
  std::cout << contact.display_name() << "  (" << contact.id() << ")\n";
  for (const auto& [title, kind] : {std::pair{"e-mail", v1::IDENTITY_KIND_EMAIL},
                                    {"phone", v1::IDENTITY_KIND_PHONE},
                                    {"customer", v1::IDENTITY_KIND_STORE_CUSTOMER}}) {
    if (const std::string values = IdentitiesOf(contact, kind); !values.empty())
      std::cout << absl::StrFormat("  %-10s %s\n", title, values);
  }
  if (card.has_rfm()) {
    const auto& rfm = card.rfm();
    std::cout << absl::StrFormat("  %-10s %s / %s  R%d F%d M%d  (last order %d days ago, %d orders, %s)\n", "segment",
                                 rfm.label_name_tr(), rfm.label_name_en(), rfm.recency_score(), rfm.frequency_score(),
                                 rfm.monetary_score(), rfm.recency_days(), rfm.frequency(),
                                 ShowMinor(rfm.monetary_minor(), rfm.currency_code()));
  }
  if (card.value().has_total_clv()) {
    std::cout << absl::StrFormat(
        "  %-10s CLV %s in all, %s of it to come\n", "value",
        ShowMinor(card.value().total_clv().minor(), card.value().total_clv().currency_code()),
        ShowMinor(card.value().predicted().clv().minor(), card.value().predicted().clv().currency_code()));
  }
  if (card.value().has_churn_probability()) {
    std::cout << absl::StrFormat("  %-10s %.0f %%\n", "churn", 100 * card.value().churn_probability());
  }
  for (const auto& sums : card.order_summary().currencies()) {
    std::cout << absl::StrFormat("  %-10s %d orders, gross %s, refunded %s, net %s\n", "orders", sums.order_count(),
                                 ShowMinor(sums.gross(), sums.currency_code()),
                                 ShowMinor(sums.refunded(), sums.currency_code()),
                                 ShowMinor(sums.net(), sums.currency_code()));
  }
  for (const auto& consent : card.consents()) {
    std::cout << absl::StrFormat("  %-10s %s %s\n", "consent",
                                 contacts::v1::ConsentChannel_Name(consent.channel()).substr(16),
                                 contacts::v1::ConsentStatus_Name(consent.status()).substr(15));
  }
  if (card.support().ticket_count() > 0) {
    std::cout << absl::StrFormat("  %-10s %d, %d open, %d breached\n", "tickets", card.support().ticket_count(),
                                 card.support().open_ticket_count(), card.support().breached_ticket_count());
  }
  if (!card.timeline().empty()) std::cout << "  timeline\n";
  for (const auto& entry : card.timeline())
    std::cout << absl::StrFormat("    %s  %s\n", ShowTime(entry.occur_time()), entry.summary());
  if (!card.unreachable().empty()) std::cout << "  did not answer: " << absl::StrJoin(card.unreachable(), ", ") << "\n";
}

void AddContactCommands(CLI::App& app, Context& context) {
  auto* contacts = app.add_subcommand("contacts", "People");
  contacts->require_subcommand(1);
  struct Arguments {
    std::string id, other, query, filter, order_by, page_token;
    int page_size = 50;
  };
  auto arguments = std::make_shared<Arguments>();

  auto* get = contacts->add_subcommand("get", "Show a contact");
  get->add_option("id", arguments->id, "The contact's id")->required();
  get->callback([&context, arguments] {
    v1::GetContactRequest request;
    request.set_id(arguments->id);
    ShowContact(context, context.client().Call<v1::Contact>("contacts.v1.ContactService/GetContact", request));
  });

  auto* list = contacts->add_subcommand("list", "List contacts");
  list->add_option("--filter", arguments->filter, "An AIP-160 filter, for example 'tags:\"vip\"'");
  list->add_option("--order-by", arguments->order_by, "For example 'create_time desc'");
  list->add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page gave");
  list->callback([&context, arguments] {
    v1::ListContactsRequest request;
    request.set_filter(arguments->filter);
    request.set_order_by(arguments->order_by);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListContactsResponse>("contacts.v1.ContactService/ListContacts", request);
    if (page.ok()) {
      Print(context.format, ContactTable(page->contacts()), *page);
      if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
    }
    context.Finish(page.status());
  });

  auto* search =
      contacts->add_subcommand("search", "Find contacts by a part of a name, e-mail, phone or customer number");
  search->add_option("text", arguments->query, "At least two characters")->required();
  search->callback([&context, arguments] {
    v1::SearchContactsRequest request;
    request.set_query(arguments->query);
    const auto found =
        context.client().Call<v1::SearchContactsResponse>("contacts.v1.ContactService/SearchContacts", request);
    if (found.ok()) Print(context.format, ContactTable(found->contacts()), *found);
    context.Finish(found.status());
  });

  auto* merge = contacts->add_subcommand("merge", "Join another contact to one");
  merge->add_option("id", arguments->id, "The contact that survives")->required();
  merge->add_option("other", arguments->other, "The contact that is joined to it")->required();
  merge->callback([&context, arguments] {
    v1::MergeContactsRequest request;
    request.set_id(arguments->id);
    request.set_other_contact_id(arguments->other);
    ShowContact(context,
                context.client().Call<v1::Contact>("contacts.v1.ContactService/MergeContacts", request, false));
  });

  auto* unmerge = contacts->add_subcommand("unmerge", "Undo a merge");
  unmerge->add_option("id", arguments->id, "The contact that was merged into another")->required();
  unmerge->callback([&context, arguments] {
    v1::UnmergeContactRequest request;
    request.set_id(arguments->id);
    ShowContact(context,
                context.client().Call<v1::Contact>("contacts.v1.ContactService/UnmergeContact", request, false));
  });

  auto* card = app.add_subcommand("card", "Show everything about a contact");
  card->add_option("id", arguments->id, "The contact's id")->required();
  card->callback([&context, arguments] {
    gateway::v1::GetCustomerCardRequest request;
    request.set_contact_id(arguments->id);
    const auto answer =
        context.client().Call<gateway::v1::CustomerCard>("gateway.v1.CustomerCardService/GetCustomerCard", request);
    if (answer.ok() && context.format == Format::kTable) {
      PrintCard(*answer);
    } else if (answer.ok()) {
      Print(context.format, ContactTable(std::vector<v1::Contact>{answer->contact()}), *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace esnaf::cli
