import type { ManifestHandler, Target } from '@fermata/lambda-runtime/protocol'
import type { Deployment } from '../services/deployment-document.ts'

/** A handler as its deployment has it; `undefined`: it is not served. */
export function handlerIn(
  deployment: Deployment | undefined,
  { service, handler }: Pick<Target, 'service' | 'handler'>,
): ManifestHandler | undefined {
  const served = deployment?.manifest.services.find(({ name }) => name === service)
  return served?.handlers.find(({ name }) => name === handler)
}

/** How a handler runs, as its deployment says; `undefined`: it is not served. */
export function modeOf(
  deployment: Deployment | undefined,
  target: Pick<Target, 'service' | 'handler'>,
): ManifestHandler['mode'] | undefined {
  return handlerIn(deployment, target)?.mode
}

/** One at a time for each key, in the order of the mailbox (INV-6). */
export function isExclusive(mode: ManifestHandler['mode'] | undefined): boolean {
  return mode === 'exclusive' || mode === 'workflow'
}

/** Whether it belongs to a key of an object or workflow. */
export function isKeyed(mode: ManifestHandler['mode']): boolean {
  return mode !== 'stateless'
}
