import {
  decodeSubscriptionDocument,
  encodeSubscriptionDocument,
  type SubscriptionDocument,
} from '../../domain/subscriptions/subscription-document.ts'
import type { Logger, RegistryDocument, RegistryStore } from '../../ports/index.ts'

export type StoredSubscription = SubscriptionDocument & { readonly rev: number }

/** The subscriptions that all replicas share. */
export interface SubscriptionRegistry {
  all(): Promise<readonly StoredSubscription[]>
  /** Writes what `decide` makes of what is there; nothing when it answers `undefined`. Its errors come through. */
  change(
    name: string,
    decide: (existing: SubscriptionDocument | undefined) => SubscriptionDocument | undefined,
  ): Promise<void>
}

const collection = 'subscriptions'
const pageSize = 100

export function createSubscriptionRegistry(
  registry: RegistryStore,
  logger: Logger,
): SubscriptionRegistry {
  return {
    async all() {
      const found: StoredSubscription[] = []
      for (let after = ''; ; ) {
        const page = await registry.list(collection, after, pageSize)
        found.push(...page.flatMap((document) => toStored(document, logger) ?? []))
        const last = page.at(-1)
        if (last === undefined || page.length < pageSize) return found
        after = last.name
      }
    },
    async change(name, decide) {
      for (;;) {
        const document = await registry.get(collection, name)
        const existing = document && decodeSubscriptionDocument(name, document.body)
        const wanted = decide(existing)
        if (wanted === undefined) return
        const body = encodeSubscriptionDocument(wanted)
        if (await registry.put(collection, name, body, document?.rev)) return
      }
    },
  }
}

function toStored(
  { name, rev, body }: RegistryDocument,
  logger: Logger,
): StoredSubscription | undefined {
  const document = decodeSubscriptionDocument(name, body)
  if (document !== undefined) return { ...document, rev }
  logger.warn(
    { subscription: name },
    'A subscription in the registry cannot be read; it is ignored',
  )
  return undefined
}
