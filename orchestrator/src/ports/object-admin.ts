import type { InvocationId, Target, Value } from '@fermata/lambda-runtime/protocol'
import type { ObjectRef } from '../domain/objects/model.ts'
import type { Wait } from '../domain/objects/waits.ts'
import type { InvocationStatus } from './invocation-view.ts'

/** A place in the mailbox of a key. The first one is the holder's. */
export type QueuedView = {
  readonly slot: number
  /** Of an edit by a person: none. */
  readonly invocation: InvocationId | undefined
  readonly handler: string | undefined
  /** Epoch ms. */
  readonly at: number
}

export type ObjectView = ObjectRef & {
  /** Of the state: it grows with every change. */
  readonly version: number
  /** Whose turn it is. */
  readonly holder: InvocationId | undefined
  /** How many slots are not over, the holder's included. */
  readonly queued: number
  readonly queue: readonly QueuedView[]
  /** Where the next page of the queue begins. */
  readonly next: number | undefined
  /** By name; a long one is not read, but its bytes are told. */
  readonly state: readonly (readonly [name: string, value: Value | { readonly bytes: number }])[]
}

export type StateChange = {
  /** `null`: clear it. */
  readonly values: readonly (readonly [name: string, value: Value | null])[]
  /** Everything else goes. */
  readonly replace: boolean
  /** It is made only while the state has this version. */
  readonly version: number | undefined
}

export type StateChanged =
  | { readonly status: 'applied'; readonly version: number }
  /** It waits for its turn, behind those that came before it. */
  | { readonly status: 'queued'; readonly slot: number }

export type WaitingInvocation = {
  readonly id: InvocationId
  readonly target: Target
  readonly status: InvocationStatus
}

export type WaitsView = {
  readonly invocations: readonly WaitingInvocation[]
  readonly waits: readonly Wait[]
  /** Invocations that wait for each other in a circle: one of them must be cancelled. */
  readonly deadlock: readonly InvocationId[] | undefined
}

/** Objects and workflows, for operators. All throw FermataError. */
export interface ObjectAdmin {
  /** `from`: the slot at which the page of the queue begins. @throws `object-not-found` */
  object(
    ref: ObjectRef,
    page: { readonly from: number | undefined; readonly limit: number },
  ): Promise<ObjectView>
  /**
   * Changes the state when its turn comes, in line with all that runs on the key.
   * @throws `object-not-found` | `state-version-mismatch`
   */
  changeState(ref: ObjectRef, change: StateChange): Promise<StateChanged>
  /** Whom an invocation waits for, and whom those wait for. @throws `invocation-not-found` */
  waits(id: InvocationId): Promise<WaitsView>
}
