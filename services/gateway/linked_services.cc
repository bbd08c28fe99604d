// Names each file of the contracts, so that the linker keeps its descriptors in the program.
#include "esnaf/api/v1/consumers.pb.h"
#include "esnaf/api/v1/event.pb.h"
#include "esnaf/attribution/v1/channels.pb.h"
#include "esnaf/attribution/v1/credit.pb.h"
#include "esnaf/attribution/v1/exports.pb.h"
#include "esnaf/attribution/v1/report.pb.h"
#include "esnaf/attribution/v1/spend.pb.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/contacts/v1/iys.pb.h"
#include "esnaf/gateway/v1/card.pb.h"
#include "esnaf/gateway/v1/hooks.pb.h"
#include "esnaf/gateway/v1/keys.pb.h"
#include "esnaf/gateway/v1/operations.pb.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "esnaf/segmentation/v1/segments.pb.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "esnaf/support/v1/articles.pb.h"
#include "esnaf/support/v1/attachments.pb.h"
#include "esnaf/support/v1/automations.pb.h"
#include "esnaf/support/v1/calls.pb.h"
#include "esnaf/support/v1/chats.pb.h"
#include "esnaf/support/v1/forms.pb.h"
#include "esnaf/support/v1/history.pb.h"
#include "esnaf/support/v1/inbound.pb.h"
#include "esnaf/support/v1/macros.pb.h"
#include "esnaf/support/v1/mailboxes.pb.h"
#include "esnaf/support/v1/queues.pb.h"
#include "esnaf/support/v1/reports.pb.h"
#include "esnaf/support/v1/sla.pb.h"
#include "esnaf/support/v1/states.pb.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "esnaf/support/v1/ticket_webhooks.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "esnaf/support/v1/views.pb.h"
#include "google/rpc/error_details.pb.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway {

std::vector<const google::protobuf::ServiceDescriptor*> LinkedServices() {
  const google::protobuf::FileDescriptor* const files[] = {
      contacts::v1::Contact::descriptor()->file(),
      contacts::v1::Consent::descriptor()->file(),
      contacts::v1::Interaction::descriptor()->file(),
      contacts::v1::IysBrand::descriptor()->file(),
      orders::v1::Store::descriptor()->file(),
      orders::v1::Order::descriptor()->file(),
      orders::v1::Cart::descriptor()->file(),
      segmentation::v1::RfmPolicy::descriptor()->file(),
      segmentation::v1::Segment::descriptor()->file(),
      segmentation::v1::ValueModel::descriptor()->file(),
      attribution::v1::ChannelRules::descriptor()->file(),
      attribution::v1::Touchpoint::descriptor()->file(),
      attribution::v1::AdSpend::descriptor()->file(),
      attribution::v1::CreditExplanation::descriptor()->file(),
      attribution::v1::AttributionReport::descriptor()->file(),
      attribution::v1::ConversionExport::descriptor()->file(),
      support::v1::Article::descriptor()->file(),
      support::v1::Chat::descriptor()->file(),
      support::v1::SlaPolicy::descriptor()->file(),
      support::v1::Attachment::descriptor()->file(),
      support::v1::Automation::descriptor()->file(),
      support::v1::Mailbox::descriptor()->file(),
      support::v1::SupportReport::descriptor()->file(),
      support::v1::Survey::descriptor()->file(),
      support::v1::Ticket::descriptor()->file(),
      support::v1::TicketWebhook::descriptor()->file(),
      support::v1::Agent::descriptor()->file(),
      support::v1::TicketView::descriptor()->file(),
      support::v1::Macro::descriptor()->file(),
      support::v1::PhoneCall::descriptor()->file(),
      support::v1::ListRequesterMessagesRequest::descriptor()->file(),
      support::v1::TicketForm::descriptor()->file(),
      support::v1::NamedTicketState::descriptor()->file(),
      support::v1::InboundMessage::descriptor()->file(),
      v1::CustomerCard::descriptor()->file(),
      v1::ApiKey::descriptor()->file(),
      v1::SkipConsumerEventRequest::descriptor()->file(),
      v1::HookConnector::descriptor()->file(),
      api::v1::Event::descriptor()->file(),
      api::v1::Consumer::descriptor()->file(),
  };
  // Details of errors are shown as JSON by their types.
  google::rpc::ErrorInfo::descriptor();
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const google::protobuf::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace esnaf::gateway
