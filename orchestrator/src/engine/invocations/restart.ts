import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { deriveInvocationId, workflowRunId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { type KeptPrefix, keepBefore } from '../../domain/invocation/keep.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Restarted, RestartOptions } from '../../ports/index.ts'
import { copyPrefix } from './copy-prefix.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import type { Creation, Work } from './work.ts'

/**
 * Does a closed invocation's work again under an id of its own, so that it finds nothing of the old one's: not its
 * children, not its idempotency key (trace 12). What is kept goes first: until `created` follows, it is nothing.
 * @throws FermataError `restart-refused`
 */
export async function restart(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  state: InvocationState,
  { from = 0, idempotencyKey }: RestartOptions,
): Promise<Restarted> {
  const { target } = state.created
  if (workflowRunId(target) !== undefined) {
    const message = `${target.service} runs once per key: purge this run, then start it again`
    throw new FermataError('restart-refused', message)
  }
  const kept = keepBefore(session.segments, state.refused, from)
  checkState(state, kept)
  const nonce = idempotencyKey === undefined ? deps.random.nonce() : `key:${idempotencyKey}`
  const id = deriveInvocationId(target, ['restart', session.id, nonce, String(kept.from)])
  const { retentionMs } = state.created
  await deps.payloads.touch([state.created, ...kept.segments.flat()])
  await copyPrefix(deps, id, kept.segments, deps.clock.now() + retentionMs)
  const { status } = await work.create(creationOf(session.id, state, { id, kept }), {
    source: idempotencyKey === undefined ? 'asks-once' : 'asks-again',
    permit: undefined,
  })
  return {
    invocationId: id,
    status: status === 'accepted' ? 'accepted' : 'previously_accepted',
    from: kept.from,
  }
}

/** What an exclusive handler did to the state before `from` counts already, and must not count twice (INV-7). */
function checkState({ created }: InvocationState, { from, hasState }: KeptPrefix): void {
  if (created.slot === undefined || !hasState) return
  const message = `Ops on the state stand before op ${from}: restart it as a whole`
  throw new FermataError('restart-refused', message)
}

function creationOf(
  old: InvocationId,
  { created, createdAt }: InvocationState,
  { id, kept }: { readonly id: InvocationId; readonly kept: KeptPrefix },
): Creation {
  const before = created.restartOf?.kept
  const beginning = { seed: before?.seed ?? old, at: before?.at ?? createdAt }
  return {
    id,
    target: created.target,
    input: created.input,
    headers: created.headers,
    origin: { kind: 'http' },
    idempotencyKey: undefined,
    notBefore: undefined,
    minRetentionMs: created.retentionMs,
    restartOf: {
      invocation: old,
      ...(kept.segments.length === 0 ? {} : { kept: beginning }),
    },
  }
}
