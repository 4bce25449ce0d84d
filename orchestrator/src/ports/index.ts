export type { AgendaEntry, AgendaItem, AgendaKind, AgendaStore } from './agenda-store.ts'
export type { Calendar, CronSpec } from './calendar.ts'
export type { Clock, Random } from './clock.ts'
export type {
  CollectedSend,
  CollectorHead,
  CollectorRef,
  CollectorSlot,
  CollectorStore,
  OpenSends,
  StoredHead,
} from './collector-store.ts'
export type {
  InvocationControl,
  News,
  PendingWait,
  Restarted,
  RestartOptions,
  SentSignal,
} from './control.ts'
export type { FaultPoint, FaultPoints } from './fault-points.ts'
export type { IdentityConfig, IdentityView } from './identity.ts'
export type {
  Admin,
  DeadRecord,
  Ingress,
  Media,
  Submission,
  Submitted,
  SubscriptionOptions,
  SubscriptionSpec,
  SubscriptionView,
} from './ingress.ts'
export type { InvocationStatus, InvocationView } from './invocation-view.ts'
export type { InvokeOutcome, Invoker } from './invoker.ts'
export type { Appended, Journal, JournalStore } from './journal-store.ts'
export type { LeaseStore, Leases, ReplicaRecord, ShardRecord } from './lease-store.ts'
export type { LogFields, Logger } from './logger.ts'
export type {
  ObjectAdmin,
  ObjectView,
  QueuedView,
  StateChange,
  StateChanged,
  WaitingInvocation,
  WaitsView,
} from './object-admin.ts'
export type {
  Live,
  Mail,
  ObjectHead,
  ObjectRef,
  ObjectStore,
  PatchRecord,
  Slot,
  SlotAppended,
  StateEdit,
  StoredValue,
} from './object-store.ts'
export type { PayloadPlace, Payloads } from './payloads.ts'
export type { PromiseRecord, PromiseStore, PromiseWaiter } from './promise-store.ts'
export type {
  PartitionPosition,
  RecordSink,
  RecordSource,
  RunningSource,
  SourceRecord,
  SourceSpec,
} from './record-source.ts'
export type { RegistryDocument, RegistryStore } from './registry-store.ts'
export type { ScheduleRequest, Schedules, ScheduleView } from './schedules.ts'
export type {
  DeploymentAdmin,
  DeploymentView,
  HandlerView,
  InvocationListing,
  InvocationPage,
  InvocationQuery,
  RegisterOptions,
  ServiceAdmin,
  ServiceView,
} from './services.ts'
