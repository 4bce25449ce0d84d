import { type Collect, workflowRunId } from '@fermata/lambda-runtime/protocol'
import { collectorOf } from '../../domain/collect/collector.ts'
import { FermataError } from '../../domain/errors.ts'
import { retentionOf } from '../../domain/services/policy.ts'
import type { Submission, Submitted } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import { collectSend } from './collect-send.ts'

/** Takes what comes from outside; without an idempotency key each request is a send of its own. */
export async function collectSubmission(
  deps: EngineDeps,
  work: Work,
  { target, input, headers, idempotencyKey }: Submission,
  collect: Collect,
): Promise<Submitted['status']> {
  if (workflowRunId(target) !== undefined) {
    const message = 'A workflow runs once per key: sends to it cannot be put together'
    throw new FermataError('bad-request', message)
  }
  if (target.key !== undefined && collect.key !== undefined) {
    const message = `${target.service} is keyed: its key is what sends are put together by`
    throw new FermataError('bad-request', message)
  }
  const taken = await collectSend(deps, work, collectorOf(target, collect), {
    by: idempotencyKey === undefined ? `once ${deps.random.nonce()}` : `key ${idempotencyKey}`,
    input,
    headers: { ...headers },
    at: deps.clock.now(),
    collect,
    keepMs: retentionOf(deps.directory.policyOf(target), {
      hasKey: idempotencyKey !== undefined,
      atLeastMs: 0,
    }),
  })
  return taken === 'accepted' ? 'accepted' : 'previously_accepted'
}
