#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;

TEST_CASE("a contact that was created is got as it was answered") {
  ContactsUnderTest service;
  v1::Contact given = MakeContact("Ayşe", "Yılmaz", {Customer("17"), Email("Ayse@Example.com", true)});
  given.add_tags("vip");
  given.add_addresses()->set_city("İzmir");
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(given));
  CHECK(created.display_name() == "Ayşe Yılmaz");
  CHECK(created.identities(1).value() == "ayse@example.com");
  ESNAF_REQUIRE_VALUE(const v1::Contact got, service.Get(created.id()));
  CHECK(got.SerializeAsString() == created.SerializeAsString());
}

TEST_CASE("each change writes its event with the next version, in the same transaction") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(MakeContact("Ali", "Kaya")));
  v1::UpdateContactRequest update;
  update.mutable_contact()->set_id(created.id());
  update.mutable_contact()->set_given_name("Veli");
  std::string position;
  ESNAF_REQUIRE_VALUE(const v1::Contact updated,
                      service.Call<v1::Contact>("ContactService/UpdateContact", update, {.position = &position}));
  CHECK(updated.given_name() == "Veli");
  CHECK(position.starts_with("contacts:"));
  const auto rows = service.schema().Sql(
      "SELECT aggregate_version, payload FROM outbox WHERE type = 'esnaf.contacts.v1.ContactChanged' ORDER BY seq");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].Get<std::int64_t>(0) == 1);
  CHECK(rows[1].Get<std::int64_t>(0) == 2);
  v1::ContactChanged payload;
  REQUIRE(payload.ParseFromString(rows[1].Get<postgres::Bytes>(1).data));
  CHECK(payload.contact().SerializeAsString() == updated.SerializeAsString());
}

TEST_CASE("an update that changes nothing writes nothing") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(MakeContact("Ali", "Kaya")));
  v1::UpdateContactRequest update;
  update.mutable_contact()->set_id(created.id());
  update.mutable_contact()->set_given_name("Ali");
  ESNAF_REQUIRE_VALUE(const v1::Contact updated, service.Call<v1::Contact>("ContactService/UpdateContact", update));
  CHECK(updated.etag() == created.etag());
  CHECK(service.Number("SELECT count(*) FROM outbox") == 1);
}

TEST_CASE("a mask sets and clears, an old etag is refused, an unknown field is named") {
  ContactsUnderTest service;
  v1::Contact given = MakeContact("Ali", "Kaya", {Email("a@x.tr", false), Email("b@x.tr", false)});
  given.set_owner("selin");
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(given));
  v1::UpdateContactRequest update;
  *update.mutable_contact() = created;
  update.mutable_contact()->clear_owner();
  update.mutable_contact()->mutable_identities()->DeleteSubrange(0, 1);
  update.mutable_contact()->set_given_name("ignored");
  for (const char* path : {"owner", "identities", "create_time"}) update.mutable_update_mask()->add_paths(path);
  ESNAF_REQUIRE_VALUE(const v1::Contact updated, service.Call<v1::Contact>("ContactService/UpdateContact", update));
  CHECK(updated.given_name() == "Ali");
  CHECK(updated.owner().empty());
  REQUIRE(updated.identities_size() == 1);
  CHECK(updated.identities(0).value() == "b@x.tr");
  const auto again = service.Call<v1::Contact>("ContactService/UpdateContact", update);
  CHECK_STATUS_IS(again, StatusCode::kAborted, "changed since");
  CHECK(ErrorReason(again.status()) == "ETAG_MISMATCH");
  update.mutable_update_mask()->add_paths("shoe_size");
  CHECK_STATUS_IS(service.Call<v1::Contact>("ContactService/UpdateContact", update), StatusCode::kInvalidArgument,
                  "shoe_size");
  // The identity that was given up is free for somebody else.
  CHECK_OK(service.Create(MakeContact("Fatma", "Demir", {Email("a@x.tr", false)})));
}

TEST_CASE("bad fields are all named, and only checking changes nothing") {
  ContactsUnderTest service;
  v1::Contact bad = MakeContact("", "", {Email("nobody", false)});
  bad.set_locale("tr_TR");
  const absl::Status status = service.Create(bad).status();
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(status).size() == 2);
  v1::CreateContactRequest request;
  *request.mutable_contact() = MakeContact("Ali", "Kaya");
  request.set_validate_only(true);
  CHECK_OK(service.Call<v1::Contact>("ContactService/CreateContact", request));
  CHECK(service.Number("SELECT (SELECT count(*) FROM contact) + (SELECT count(*) FROM outbox)") == 0);
}

TEST_CASE("an identity that somebody has, or somebody who looks the same, stops a create and is named") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact first, service.Create(MakeContact("Ayşe", "Işık", {Email("a@x.tr", false)})));
  for (const v1::Contact& other :
       {MakeContact("Fatma", "Demir", {Email("A@X.tr", false)}), MakeContact("AYŞE", "IŞIK")}) {
    const absl::Status status = service.Create(other, false).status();
    CHECK(status.code() == StatusCode::kAlreadyExists);
    CHECK(ErrorReason(status) == "DUPLICATE_CONTACT");
    CHECK(ErrorMetadataValue(status, "candidate_ids") == first.id());
  }
  CHECK_OK(service.Create(MakeContact("AYŞE", "IŞIK"), true));
  CHECK_STATUS_IS(service.Create(MakeContact("Fatma", "Demir", {Email("a@x.tr", false)}), true),
                  StatusCode::kAlreadyExists, "");
}

TEST_CASE("a create repeated with its request id answers the first and makes one contact") {
  ContactsUnderTest service;
  v1::CreateContactRequest request;
  *request.mutable_contact() = MakeContact("Ali", "Kaya", {Customer("1")});
  request.set_request_id("r-1");
  ESNAF_REQUIRE_VALUE(const v1::Contact first, service.Call<v1::Contact>("ContactService/CreateContact", request));
  ESNAF_REQUIRE_VALUE(const v1::Contact second, service.Call<v1::Contact>("ContactService/CreateContact", request));
  CHECK(first.SerializeAsString() == second.SerializeAsString());
  CHECK(service.Number("SELECT count(*) FROM contact") == 1);
}

TEST_CASE("a deleted contact answers with its time, is neither listed nor found, and comes back") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(MakeContact("Zeynep", "Aslan")));
  v1::DeleteContactRequest request;
  request.set_id(created.id());
  ESNAF_REQUIRE_VALUE(const v1::Contact deleted, service.Call<v1::Contact>("ContactService/DeleteContact", request));
  CHECK(deleted.has_delete_time());
  ESNAF_REQUIRE_VALUE(const v1::Contact got, service.Get(created.id()));
  CHECK(got.has_delete_time());
  v1::ListContactsRequest list;
  v1::SearchContactsRequest search;
  search.set_query("zeynep");
  using List = v1::ListContactsResponse;
  ESNAF_REQUIRE_VALUE(const List listed, service.Call<List>("ContactService/ListContacts", list));
  CHECK(listed.contacts().empty());
  list.set_show_deleted(true);
  ESNAF_REQUIRE_VALUE(const List all, service.Call<List>("ContactService/ListContacts", list));
  CHECK(all.contacts_size() == 1);
  using Search = v1::SearchContactsResponse;
  ESNAF_REQUIRE_VALUE(const Search found, service.Call<Search>("ContactService/SearchContacts", search));
  CHECK(found.contacts().empty());
  v1::UpdateContactRequest update;
  *update.mutable_contact() = got;
  CHECK_STATUS_IS(service.Call<v1::Contact>("ContactService/UpdateContact", update), StatusCode::kFailedPrecondition,
                  "deleted");
  v1::UndeleteContactRequest undelete;
  undelete.set_id(created.id());
  ESNAF_REQUIRE_VALUE(const v1::Contact back, service.Call<v1::Contact>("ContactService/UndeleteContact", undelete));
  CHECK_FALSE(back.has_delete_time());
  CHECK_STATUS_IS(service.Call<v1::Contact>("ContactService/UndeleteContact", undelete),
                  StatusCode::kFailedPrecondition, "not deleted");
}

TEST_CASE("what is not there is not found, and what is no id is refused") {
  ContactsUnderTest service;
  CHECK_STATUS_IS(service.Get("01890a5d-ac96-774b-bcce-b302099a8057"), StatusCode::kNotFound, "");
  CHECK_STATUS_IS(service.Get("17"), StatusCode::kInvalidArgument, "id");
}

TEST_CASE("a batch answers in the order asked, or names what is missing") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  v1::BatchGetContactsRequest request;
  for (const std::string& id : {b.id(), a.id(), b.id()}) request.add_ids(id);
  using Batch = v1::BatchGetContactsResponse;
  ESNAF_REQUIRE_VALUE(const Batch batch, service.Call<Batch>("ContactService/BatchGetContacts", request));
  REQUIRE(batch.contacts_size() == 3);
  CHECK(batch.contacts(0).id() == b.id());
  CHECK(batch.contacts(1).id() == a.id());
  CHECK(batch.contacts(2).id() == b.id());
  request.add_ids("01890a5d-ac96-774b-bcce-b302099a8057");
  CHECK_STATUS_IS(service.Call<Batch>("ContactService/BatchGetContacts", request), StatusCode::kNotFound, "01890a5d");
  request.set_skip_missing(true);
  request.add_ids(a.id());
  ESNAF_REQUIRE_VALUE(const Batch found, service.Call<Batch>("ContactService/BatchGetContacts", request));
  REQUIRE(found.contacts_size() == 4);
  CHECK(found.contacts(2).id() == b.id());
  CHECK(found.contacts(3).id() == a.id());
}

TEST_CASE("contacts are listed by filter and order, page by page, none twice") {
  ContactsUnderTest service;
  for (int i = 0; i < 7; ++i) {
    v1::Contact contact = MakeContact("Kişi", std::to_string(i));
    if (i % 2 == 0) contact.add_tags("vip");
    CHECK_OK(service.Create(contact));
  }
  v1::ListContactsRequest request;
  request.set_page_size(2);
  request.set_filter("tags:vip");
  request.set_order_by("display_name desc");
  std::vector<std::string> names;
  do {
    ESNAF_REQUIRE_VALUE(const auto page,
                        service.Call<v1::ListContactsResponse>("ContactService/ListContacts", request));
    for (const v1::Contact& contact : page.contacts()) names.push_back(contact.family_name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(names == std::vector<std::string>{"6", "4", "2", "0"});
  request.set_filter("shoe_size = 42");
  CHECK_STATUS_IS(service.Call<v1::ListContactsResponse>("ContactService/ListContacts", request),
                  StatusCode::kInvalidArgument, "");
}

TEST_CASE("the four i's of Turkish find each other, and so do parts, e-mails, phones and customer numbers") {
  ContactsUnderTest service;
  v1::Contact given = MakeContact("IŞIL", "Çağlar", {Customer("TR-1017"), Email("isil.c@example.com", true)});
  *given.add_identities() = MakeIdentity(v1::IDENTITY_KIND_PHONE, "0532 123 45 67", true);
  ESNAF_REQUIRE_VALUE(const v1::Contact isil, service.Create(given));
  CHECK_OK(service.Create(MakeContact("Mehmet", "Öz", {Customer("TR-1018")})));
  for (const char* query : {"ışıl", "isil", "İŞİL", "caglar", "çağl", "Isil Caglar", "is", "TR-1017",
                            "isil.c@example.com", "ISIL.C@EXAMPLE.COM", "+905321234567", "0532 123 45 67"}) {
    INFO(query);
    v1::SearchContactsRequest request;
    request.set_query(query);
    ESNAF_REQUIRE_VALUE(const auto found,
                        service.Call<v1::SearchContactsResponse>("ContactService/SearchContacts", request));
    REQUIRE_FALSE(found.contacts().empty());
    CHECK(found.contacts(0).id() == isil.id());
  }
  v1::SearchContactsRequest request;
  request.set_query("x");
  CHECK_STATUS_IS(service.Call<v1::SearchContactsResponse>("ContactService/SearchContacts", request),
                  StatusCode::kInvalidArgument, "two characters");
}

TEST_CASE("custom fields are defined once, checked, stored with their types and filtered") {
  ContactsUnderTest service;
  const auto define = [&](const std::string& key, v1::CustomFieldType type) {
    v1::CreateCustomFieldRequest request;
    request.mutable_custom_field()->set_key(key);
    request.mutable_custom_field()->set_type(type);
    return service.Call<v1::CustomField>("CustomFieldService/CreateCustomField", request);
  };
  CHECK_OK(define("size", v1::CUSTOM_FIELD_TYPE_TEXT));
  CHECK_OK(define("since", v1::CUSTOM_FIELD_TYPE_DATE));
  CHECK_STATUS_IS(define("size", v1::CUSTOM_FIELD_TYPE_NUMBER), StatusCode::kAlreadyExists, "");
  v1::Contact contact = MakeContact("Ali", "Kaya");
  (*contact.mutable_custom_fields())["size"].set_text("XL");
  (*contact.mutable_custom_fields())["since"].set_date("2026-01-31");
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(contact));
  ESNAF_REQUIRE_VALUE(const v1::Contact got, service.Get(created.id()));
  CHECK(got.custom_fields().at("since").date() == "2026-01-31");
  v1::ListContactsRequest list;
  list.set_filter("custom_fields.size = XL");
  ESNAF_REQUIRE_VALUE(const auto listed, service.Call<v1::ListContactsResponse>("ContactService/ListContacts", list));
  CHECK(listed.contacts_size() == 1);
  (*contact.mutable_custom_fields())["size"].set_number(1);
  CHECK_STATUS_IS(service.Create(contact), StatusCode::kInvalidArgument, "custom_fields.size");
  using Fields = v1::ListCustomFieldsResponse;
  ESNAF_REQUIRE_VALUE(const Fields fields,
                      service.Call<Fields>("CustomFieldService/ListCustomFields", v1::ListCustomFieldsRequest()));
  CHECK(fields.custom_fields_size() == 2);
}

TEST_CASE("amounts and lists of options are checked, kept and filtered by") {
  ContactsUnderTest service;
  const auto define = [&](const std::string& key, v1::CustomFieldType type, const std::vector<std::string>& options) {
    v1::CreateCustomFieldRequest request;
    request.mutable_custom_field()->set_key(key);
    request.mutable_custom_field()->set_type(type);
    for (const std::string& option : options) request.mutable_custom_field()->add_options(option);
    return service.Call<v1::CustomField>("CustomFieldService/CreateCustomField", request);
  };
  CHECK_OK(define("budget", v1::CUSTOM_FIELD_TYPE_MONEY, {}));
  CHECK_OK(define("sizes", v1::CUSTOM_FIELD_TYPE_MULTI_ENUM, {"M", "L", "XL"}));
  const auto create = [&](std::int64_t minor, const std::string& currency, const std::vector<std::string>& sizes) {
    v1::Contact contact = MakeContact("Ali", "Kaya" + std::to_string(minor));
    v1::CustomValue& budget = (*contact.mutable_custom_fields())["budget"];
    budget.mutable_money()->set_minor(minor);
    budget.mutable_money()->set_currency_code(currency);
    v1::CustomValue& value = (*contact.mutable_custom_fields())["sizes"];
    value.mutable_options()->mutable_values()->Assign(sizes.begin(), sizes.end());
    return service.Create(contact);
  };
  ESNAF_REQUIRE_VALUE(const v1::Contact created, create(150000, "TRY", {"XL", "M", "XL"}));
  ESNAF_REQUIRE_VALUE(const v1::Contact got, service.Get(created.id()));
  CHECK(got.custom_fields().at("budget").money().minor() == 150000);
  CHECK(got.custom_fields().at("sizes").options().values_size() == 2);
  CHECK(got.custom_fields().at("sizes").options().values(0) == "M");
  CHECK_OK(create(90000, "EUR", {"L"}));
  CHECK_STATUS_IS(create(1, "try", {"L"}), StatusCode::kInvalidArgument, "custom_fields.budget.money.currency_code");
  CHECK_STATUS_IS(create(1, "TRY", {}), StatusCode::kInvalidArgument, "custom_fields.sizes");
  CHECK_STATUS_IS(create(1, "TRY", {"S"}), StatusCode::kInvalidArgument, "has \"S\"");

  const auto found = [&](const std::string& filter) {
    v1::ListContactsRequest list;
    list.set_filter(filter);
    const auto listed = service.Call<v1::ListContactsResponse>("ContactService/ListContacts", list);
    REQUIRE_OK(listed);
    return listed->contacts_size();
  };
  CHECK(found("custom_fields.sizes:XL") == 1);
  CHECK(found("custom_fields.sizes:L") == 1);
  CHECK(found("custom_fields.budget >= \"900.00 TRY\"") == 1);
  CHECK(found("custom_fields.budget = \"900.00 EUR\"") == 1);
  CHECK(found("custom_fields.budget < \"9000.00 USD\"") == 0);

  v1::UpdateCustomFieldRequest shrink;
  shrink.mutable_custom_field()->set_key("sizes");
  shrink.mutable_custom_field()->add_options("L");
  shrink.mutable_custom_field()->add_options("M");
  const auto used = service.Call<v1::CustomField>("CustomFieldService/UpdateCustomField", shrink);
  CHECK(ErrorReason(used.status()) == "CUSTOM_FIELD_OPTION_IN_USE");
  v1::UpdateContactRequest change;
  *change.mutable_contact() = got;
  change.mutable_contact()->clear_etag();
  (*change.mutable_contact()->mutable_custom_fields())["sizes"].mutable_options()->mutable_values()->RemoveLast();
  change.mutable_update_mask()->add_paths("custom_fields.sizes");
  CHECK_OK(service.Call<v1::Contact>("ContactService/UpdateContact", change));
  CHECK_OK(service.Call<v1::CustomField>("CustomFieldService/UpdateCustomField", shrink));
}

TEST_CASE("a custom field's name and options change, except for what contacts have") {
  ContactsUnderTest service;
  v1::CreateCustomFieldRequest create;
  create.mutable_custom_field()->set_key("size");
  create.mutable_custom_field()->set_display_name("Beden");
  create.mutable_custom_field()->set_type(v1::CUSTOM_FIELD_TYPE_ENUM);
  create.mutable_custom_field()->add_options("M");
  create.mutable_custom_field()->add_options("L");
  CHECK_OK(service.Call<v1::CustomField>("CustomFieldService/CreateCustomField", create));
  v1::Contact contact = MakeContact("Ali", "Kaya");
  (*contact.mutable_custom_fields())["size"].set_text("L");
  ESNAF_REQUIRE_VALUE(const v1::Contact created, service.Create(contact));

  const auto update = [&](const std::vector<std::string>& options, const std::string& name,
                          const std::vector<std::string>& mask = {}, v1::CustomFieldType type = {}) {
    v1::UpdateCustomFieldRequest request;
    request.mutable_custom_field()->set_key("size");
    request.mutable_custom_field()->set_display_name(name);
    request.mutable_custom_field()->set_type(type);
    for (const std::string& option : options) request.mutable_custom_field()->add_options(option);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return service.Call<v1::CustomField>("CustomFieldService/UpdateCustomField", request);
  };
  ESNAF_REQUIRE_VALUE(const v1::CustomField grown, update({"L", "XL"}, ""));
  CHECK(grown.display_name() == "Beden");
  CHECK(grown.type() == v1::CUSTOM_FIELD_TYPE_ENUM);
  CHECK(std::vector<std::string>(grown.options().begin(), grown.options().end()) ==
        std::vector<std::string>{"L", "XL"});
  CHECK(update({}, "Kıyafet bedeni")->options_size() == 2);
  CHECK(update({}, "", {"display_name"})->display_name().empty());
  const auto used = update({"XL"}, "");
  CHECK_STATUS_IS(used, StatusCode::kFailedPrecondition, "");
  CHECK(ErrorReason(used.status()) == "CUSTOM_FIELD_OPTION_IN_USE");
  CHECK_STATUS_IS(update({}, "", {"options"}), StatusCode::kInvalidArgument, "custom_field.options");
  CHECK_STATUS_IS(update({}, "", {}, v1::CUSTOM_FIELD_TYPE_TEXT), StatusCode::kInvalidArgument, "custom_field.type");
  CHECK_STATUS_IS(update({}, "", {"type"}), StatusCode::kInvalidArgument, "update_mask");

  v1::DeleteCustomFieldRequest remove;
  remove.set_key("size");
  const auto drop = [&] {
    return service.Call<v1::DeleteCustomFieldResponse>("CustomFieldService/DeleteCustomField", remove);
  };
  CHECK(ErrorReason(drop().status()) == "CUSTOM_FIELD_IN_USE");
  v1::UpdateContactRequest clear;
  clear.mutable_contact()->set_id(created.id());
  clear.mutable_update_mask()->add_paths("custom_fields");
  CHECK_OK(service.Call<v1::Contact>("ContactService/UpdateContact", clear));
  CHECK_OK(drop());
  CHECK_STATUS_IS(drop(), StatusCode::kNotFound, "");
  CHECK_STATUS_IS(update({"S"}, ""), StatusCode::kNotFound, "");
}

}  // namespace
}  // namespace esnaf::contacts
