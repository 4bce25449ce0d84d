import type {
  Collect,
  Failure,
  InvocationId,
  Outcome,
  Segment,
  Target,
  Value,
} from '@fermata/lambda-runtime/protocol'
import type { InvocationControl, News } from './control.ts'
import type { InvocationView } from './invocation-view.ts'
import type { ObjectAdmin } from './object-admin.ts'
import type { Schedules } from './schedules.ts'
import type { DeploymentAdmin, InvocationListing, ServiceAdmin } from './services.ts'

export type Submission = {
  readonly target: Target
  readonly input: Value
  readonly headers: Readonly<Record<string, string>>
  readonly idempotencyKey: string | undefined
  readonly delayMs: number | undefined
}

export type Submitted = {
  readonly invocationId: InvocationId
  readonly status: 'accepted' | 'previously_accepted'
}

/** The media types of a handler's input and output where they are not JSON. */
export type Media = { readonly accepts?: string; readonly answers?: string }

/** What the outside may ask of the engine about invocations: the ingress' needs. All throw FermataError. */
export interface Ingress extends News {
  /** Durable when it resolves (INV-10). @throws `handler-not-found` | `overloaded` | `not-ready` */
  submit(submission: Submission): Promise<Submitted>
  /**
   * Takes a send that is put together with others, durably: it has no invocation of its own.
   * @throws `handler-not-found` | `overloaded` | `not-ready` | `bad-request`
   */
  collect(submission: Submission, collect: Collect): Promise<Submitted['status']>
  /** Waits for the output. @throws `invocation-not-found`; rejects with the signal's reason when it aborts. */
  attach(id: InvocationId, signal: AbortSignal): Promise<Outcome>
  /** The output, or `undefined` while there is none. @throws `invocation-not-found` */
  output(id: InvocationId): Promise<Outcome | undefined>
  /** Of a handler, or of an invocation's. None where there is no such. */
  mediaOf(of: Target | InvocationId): Promise<Media>
  /**
   * `key`: whoever asks again with it gets the same answer.
   * @throws `awakeable-not-found` | `awakeable-completed`
   */
  completeAwakeable(id: string, outcome: Outcome, key?: string): Promise<void>
}

export type SubscriptionOptions = {
  readonly startFrom?: 'earliest' | 'latest'
  readonly limits?: { readonly running?: number }
  /** Who looks after it, where that is a program: another one is refused. */
  readonly owner?: string
}

export type SubscriptionSpec = {
  readonly name: string
  /** `kafka://<cluster>/<topic>` */
  readonly source: string
  /** `<service>/<handler>` */
  readonly sink: string
  readonly options?: SubscriptionOptions
}

export type SubscriptionView = SubscriptionSpec & {
  readonly status:
    | { readonly kind: 'starting' | 'running' | 'stopping' }
    | { readonly kind: 'stopped'; readonly failure: Failure }
}

export type DeadRecord = {
  readonly subscription: string
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly timestamp: number
  readonly failure: Failure
  /** Base64. */
  readonly key: string | undefined
  readonly value: string | undefined
}

/** What the admin API needs. All throw FermataError. */
export interface Admin
  extends ServiceAdmin,
    DeploymentAdmin,
    InvocationListing,
    InvocationControl,
    ObjectAdmin {
  readonly schedules: Schedules
  /** @throws `subscription-invalid` | `subscription-exists` | `topic-not-found` | `handler-not-found` */
  subscribe(spec: SubscriptionSpec): Promise<SubscriptionView>
  subscriptions(): Promise<readonly SubscriptionView[]>
  /** @throws `subscription-not-found` */
  unsubscribe(name: string): Promise<void>
  dead(
    subscription: string | undefined,
    after: string,
    limit: number,
  ): Promise<readonly DeadRecord[]>
  /** @throws `invocation-not-found` */
  invocation(id: InvocationId): Promise<InvocationView>
  /** @throws `invocation-not-found` */
  journal(id: InvocationId): Promise<readonly Segment[]>
  health(): { readonly ok: boolean }
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] }
}
