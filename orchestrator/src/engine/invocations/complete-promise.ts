import type { Outcome, PromiseRef } from '@fermata/lambda-runtime/protocol'
import type { AgendaEntry, PromiseRecord, PromiseWaiter } from '../../ports/index.ts'
import type { NudgeAnswer } from '../agenda/agenda.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { Work } from './work.ts'

/** `by` names who asks: the same one again gets the same answer, and the waiters are woken again. */
export type PromiseCompletion = {
  readonly promise: PromiseRef
  readonly outcome: Outcome
  readonly by: string
}

const sideBySide = 16
export const promisePrefix = 'p:'

/**
 * One conditional write, then the waiters are woken. A crash between the two is mended by whoever asks again, and
 * so finds the promise completed by itself: the source must be one that does (an effect of a journal, the agenda).
 */
export async function completePromise(
  deps: EngineDeps,
  work: Work,
  completion: PromiseCompletion,
): Promise<PromiseRecord> {
  const record = await write(deps, completion)
  if (record.by === completion.by) await wakeWaiters(deps, work, completion.promise, record)
  return record
}

/**
 * The same for a source that asks once: the promise stands on the agenda before it is written (trace 1). Resolves when
 * the outcome is durable; `inBackground` does the waking.
 */
export async function completePromiseOnce(
  deps: EngineDeps,
  work: Work,
  completion: PromiseCompletion,
  inBackground: (task: () => Promise<void>) => void,
): Promise<PromiseRecord> {
  const { agenda, clock, times } = deps
  const subject = promiseSubject(completion.promise)
  const ticket = await agenda.add({ subject, kind: 'watch', dueAt: clock.now() + times.watchMs })
  const record = await write(deps, completion)
  if (!agenda.counts(ticket)) await agenda.renew(ticket)
  inBackground(async () => {
    await wakeWaiters(deps, work, completion.promise, record)
    agenda.retire(ticket)
  })
  return record
}

/** Somebody was about to complete this promise; whether he did, and woke its waiters, is to be seen. */
export async function nudgePromise(
  deps: EngineDeps,
  work: Work,
  entry: AgendaEntry,
): Promise<NudgeAnswer> {
  const promise = readSubject(entry.subject)
  const record = await deps.promises.read(promise)
  if (record !== undefined) await wakeWaiters(deps, work, promise, record)
  const isEarly = entry.dueAt > deps.clock.now()
  // The write that it protects may be on its way from a replica that stalls.
  return record === undefined && isEarly
    ? { kind: 'again', dueAt: entry.dueAt, agendaKind: 'watch' }
    : { kind: 'retire' }
}

async function write(
  { clock, directory, faults, promises }: EngineDeps,
  { promise, outcome, by }: PromiseCompletion,
): Promise<PromiseRecord> {
  const { workflow, key, name } = promise
  const { retentionMs } = directory.policyOf({ service: workflow, handler: 'run' })
  await faults.reach('promise.before-complete', `${workflow}/${key}/${name}`)
  const record = await promises.complete(promise, outcome, by, clock.now() + retentionMs)
  await faults.reach('promise.after-complete', `${workflow}/${key}/${name}`)
  return record
}

async function wakeWaiters(
  deps: EngineDeps,
  work: Work,
  promise: PromiseRef,
  { outcome }: PromiseRecord,
): Promise<void> {
  const waiters = await deps.promises.waiters(promise)
  for (let from = 0; from < waiters.length; from += sideBySide) {
    if (from > 0) await deps.faults.reach('promise.between-waiters', promise.name)
    const some = waiters.slice(from, from + sideBySide)
    await Promise.all(some.map((waiter) => deliver(deps, work, { promise, waiter, outcome })))
  }
}

/** The waiter goes when it has been told; one whose journal is gone has nobody to tell. */
export async function deliver(
  { promises }: EngineDeps,
  work: Work,
  {
    promise,
    waiter,
    outcome,
  }: {
    readonly promise: PromiseRef
    readonly waiter: PromiseWaiter
    readonly outcome: Outcome
  },
): Promise<void> {
  const completion = { kind: 'completion', op: waiter.op, outcome } as const
  await work.stimulate(waiter.invocation, completion, 'asks-again')
  await promises.removeWaiter(promise, waiter)
}

/** No part has a `#` of its own. */
function promiseSubject({ workflow, key, name }: PromiseRef): string {
  return `${promisePrefix}${workflow}#${encodeURIComponent(key)}#${encodeURIComponent(name)}`
}

function readSubject(subject: string): PromiseRef {
  const [workflow = '', key = '', name = ''] = subject.slice(promisePrefix.length).split('#')
  return { workflow, key: decodeURIComponent(key), name: decodeURIComponent(name) }
}
