import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import type { Invocations } from '../invocations/invocations.ts'
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
