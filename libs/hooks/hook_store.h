#pragma once

// The SQL of connections and deliveries.
#include <optional>
#include <vector>

#include "libs/api/list_query.h"
#include "libs/hooks/connector.h"

namespace esnaf::hooks {

struct Connection {
  Uuid id;
  std::string connector;
  std::string store_id;
  Secrets secrets;
  Time create_time;
};

// The numbers are those of esnaf.api.v1.HookDeliveryState and the database.
enum class DeliveryState { kPending = 1, kDone = 2, kDead = 3 };

struct DeliveryRecord {
  Delivery delivery;  // without the payload
  DeliveryState state = DeliveryState::kPending;
  std::optional<Time> finish_time;
  Time next_attempt_time;
  std::string message;
  std::string subject_id;
};

// False where the store is connected to this connector already.
absl::StatusOr<bool> InsertConnection(postgres::Tx& tx, const Connection& connection);
absl::StatusOr<std::optional<Connection>> FindConnection(postgres::Tx& tx, const std::string& connector,
                                                         const std::string& store_id);
// False where there is none. Nothing new is taken in by its secrets, which are kept for what waits already. Here and
// below, where `stores` is not empty, what belongs to other stores is not there.
absl::StatusOr<bool> DeleteConnection(postgres::Tx& tx, const std::string& connector, const Uuid& id,
                                      const std::vector<std::string>& stores, Time now);
// The secrets to handle a store's deliveries by: of its connection, else of one that ended while they waited. Empty
// where there is none.
absl::StatusOr<Secrets> FindSecrets(postgres::Tx& tx, const std::string& connector, const std::string& store_id);
// Forgets the secrets of ended connections of which nothing waits any more, and of those that ended before the time.
absl::Status ForgetEndedConnections(postgres::Tx& tx, Time before);

struct ConnectionPage {
  std::vector<Connection> connections;
  std::string next_page_token;
};
const api::FieldTable& ConnectionFields();
absl::StatusOr<ConnectionPage> ListConnections(postgres::Tx& tx, const api::ListQuery& query,
                                               const std::string& connector, const std::vector<std::string>& stores);

// Keeps what a request delivered, each parcel once for each connector, store and external id.
absl::Status InsertDeliveries(postgres::Tx& tx, const std::string& connector, const std::string& store_id,
                              const std::vector<Parcel>& parcels, Time receive_time);

// Takes the delivery that waits longest, whose next attempt then is at `lease_until` unless it is finished before.
absl::StatusOr<std::optional<Delivery>> ClaimDelivery(postgres::Tx& tx, const std::string& connector, Time now,
                                                      Time lease_until);
// Locks the delivery; false where it does not wait any more.
absl::StatusOr<bool> LockPending(postgres::Tx& tx, const Uuid& id);
absl::Status FinishDelivery(postgres::Tx& tx, const Uuid& id, DeliveryState state, const Outcome& outcome, Time now);
// Lets it wait for the next attempt.
absl::Status PostponeDelivery(postgres::Tx& tx, const Uuid& id, Time next_attempt_time, const std::string& message);
// The delivery as it then is; nullopt where it is not dead. Attempts count from zero again.
absl::StatusOr<std::optional<DeliveryRecord>> ReviveDelivery(postgres::Tx& tx, const std::string& connector,
                                                             const Uuid& id, const std::vector<std::string>& stores,
                                                             Time now);
absl::StatusOr<bool> DeliveryExists(postgres::Tx& tx, const std::string& connector, const Uuid& id,
                                    const std::vector<std::string>& stores);

struct DeliveryPage {
  std::vector<DeliveryRecord> deliveries;
  std::string next_page_token;
};
const api::FieldTable& DeliveryFields();
// `state` 0 asks for all.
absl::StatusOr<DeliveryPage> ListDeliveries(postgres::Tx& tx, const api::ListQuery& query, const std::string& connector,
                                            int state, const std::vector<std::string>& stores);

// Forgets up to 1000 deliveries that were done before; answers how many.
absl::StatusOr<std::int64_t> ForgetDone(postgres::Tx& tx, Time before);
// Likewise those that were given up before.
absl::StatusOr<std::int64_t> ForgetDead(postgres::Tx& tx, Time before);
absl::StatusOr<std::int64_t> CountDead(postgres::Tx& tx);

}  // namespace esnaf::hooks
