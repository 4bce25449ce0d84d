import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import type { InvokeOutcome, Logger } from '../../ports/index.ts'

/** What became of a call of a function: of use to operators only where it brought no reply. */
export function logInvoke(
  logger: Logger,
  deployment: string,
  { invocation, epoch }: InvokeRequest,
  outcome: InvokeOutcome,
): void {
  const fields = { invocation, epoch, deployment, outcome: outcome.kind }
  if (outcome.kind === 'replied') {
    logger.debug({ ...fields, status: outcome.reply.status.kind }, 'invoked')
  } else if ('failure' in outcome) {
    logger.warn({ ...fields, failure: outcome.failure }, 'invoked without a reply')
  } else {
    logger.debug(fields, 'not invoked')
  }
}
