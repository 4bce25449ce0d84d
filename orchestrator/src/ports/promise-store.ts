import type { InvocationId, Outcome, PromiseRef } from '@fermata/lambda-runtime/protocol'

/** An op that waits for a promise. */
export type PromiseWaiter = { readonly invocation: InvocationId; readonly op: number }

/** What a promise came to. `by`: whoever completed it, so that doing it again is known to be the same. */
export type PromiseRecord = {
  readonly name: string
  readonly outcome: Outcome
  readonly by: string
}

/**
 * Durable promises of workflows, and who waits for them. A promise without an outcome is no item at all; a waiter is an
 * item of its own. Reads are consistent: of a waiter that is added before a read, and an outcome that is written before
 * the waiters are read, at least one sees the other.
 */
export interface PromiseStore {
  read(promise: PromiseRef): Promise<PromiseRecord | undefined>
  /** The first writer wins. The answer is what stands there now. `expires`: epoch ms. */
  complete(
    promise: PromiseRef,
    outcome: Outcome,
    by: string,
    expires: number,
  ): Promise<PromiseRecord>
  addWaiter(promise: PromiseRef, waiter: PromiseWaiter, expires: number): Promise<void>
  waiters(promise: PromiseRef): Promise<readonly PromiseWaiter[]>
  removeWaiter(promise: PromiseRef, waiter: PromiseWaiter): Promise<void>
  /** The completed promises of a workflow's key, by name. */
  list(workflow: string, key: string): Promise<readonly PromiseRecord[]>
  /** Moves the expiry of all promises of a workflow's key, never to an earlier time: its run goes on. */
  restamp(workflow: string, key: string, expires: number): Promise<void>
  /** Forgets the outcomes of all promises of a workflow's key. Who waits, goes on waiting. */
  clear(workflow: string, key: string): Promise<void>
}
