import type { Entry, InvocationId, ReplyStatus, Segment } from '@fermata/lambda-runtime/protocol'
import { flat } from './scenes.ts'
import type { Scripted, World } from './world.ts'

/** Whether the handler is to be cancelled. */
export function asked(journal: readonly Segment[]): boolean {
  return journal.some(({ entries }) => entries.some(({ kind }) => kind === 'cancel'))
}

/** What a handler answers that got the error after `after` ops, and makes up for nothing. */
export function cancelled(after: number): Scripted {
  const marker: Entry = { kind: 'cancelled', upTo: 0, spared: [], at: 1, after }
  const failure = { code: 'cancelled', name: 'CancelledError', message: 'cancelled' }
  return { entries: [marker], status: { kind: 'failed', failure } }
}

export const wait = (op: number): ReplyStatus => ({
  kind: 'suspended',
  waitingOn: { kind: 'op', op },
})

export async function outcomeOf(world: World, id: InvocationId): Promise<unknown> {
  const output = (await flat(world, id)).find(({ kind }) => kind === 'output')
  return output?.kind === 'output' ? output.result : undefined
}

/** The code with which it was refused; `undefined`: it was not. */
export function refusal(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as { readonly code: string }).code,
  )
}
