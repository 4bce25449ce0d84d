import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import type { Told } from '../invocations/work.ts'
import { closed, notFound } from './invocation-errors.ts'

/** Once is enough: what has ended by it, or is about to, is not asked again. */
export async function end(
  invocations: Invocations,
  id: InvocationId,
  stimulus: Extract<Stimulus, { kind: 'cancel' | 'kill' }>,
): Promise<void> {
  const told = await invocations.stimulate(id, stimulus, 'asks-once')
  if (told === undefined) throw notFound(id)
  const { phase, killed, cancel } = told.state
  const wasAsked = stimulus.kind === 'kill' ? killed : cancel !== 'none'
  if (!told.appended && phase.kind === 'closed' && !wasAsked) throw closed(id)
}

/** What it makes of the news hangs on what the journal says now, not on what this replica knew of it last. */
export function tellFresh(
  { sessions }: EngineDeps,
  invocations: Invocations,
  id: InvocationId,
  stimulus: Stimulus,
): Promise<Told | undefined> {
  return sessions.use(id, async (session) => {
    await session.refresh()
    return invocations.stimulate(id, stimulus, 'asks-once')
  })
}
