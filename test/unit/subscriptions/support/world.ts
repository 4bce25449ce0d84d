import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import {
  createMemorySource,
  type MemorySource,
} from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import {
  createSubscriptions,
  type Subscriptions,
} from '@fermata/orchestrator/engine/subscriptions/subscriptions'
import type { SubscriptionSpec } from '@fermata/orchestrator/ports'
import { createVirtualClock, type VirtualClock } from '../../../support/sim-clock.ts'
import { FlakyRegistry, Handlers, Invocations, type LogLine, recordingLogger } from './doubles.ts'

export const ordersSpec: SubscriptionSpec = {
  name: 'orders',
  source: 'kafka://main/orders',
  sink: 'checkout/process',
}

export type Replica = {
  readonly subscriptions: Subscriptions
  readonly source: MemorySource
  readonly handlers: Handlers
}

/** A table, a log and an engine's double that several replicas share, in virtual time. */
export class World {
  readonly clock: VirtualClock = createVirtualClock({ turns: 12 })
  readonly log: MemoryLog = new MemoryLog({ clock: this.clock })
  readonly registry: FlakyRegistry = new FlakyRegistry(
    createMemoryStores({ clock: this.clock }).registry,
  )
  readonly invocations: Invocations = new Invocations()
  readonly handlers: Set<string> = new Set(['checkout/process', 'mail/send'])
  readonly lines: LogLine[] = []
  /** Positions at which the fault point before a commit was reached, each with what was accepted by then. */
  readonly reached: (readonly [position: string, accepted: number])[] = []

  constructor() {
    this.log.createTopic('orders', 2)
    this.log.createTopic('mails', 1)
  }

  replica(configured: readonly SubscriptionSpec[] = []): Replica {
    const { clock, registry } = this
    const logger = recordingLogger(this.lines)
    const source = createMemorySource({ clusters: { main: this.log }, clock, logger })
    const handlers = new Handlers(this.handlers)
    const subscriptions = createSubscriptions({
      registry,
      source,
      acceptor: this.invocations,
      handlers,
      clock,
      logger,
      faults: {
        reach: (point, subject) => {
          if (point !== 'accept.before-commit') return
          this.reached.push([subject, this.invocations.requests.length])
        },
      },
      configured,
      clusters: ['main'],
    })
    return { subscriptions, source, handlers }
  }

  /** A replica that has started. */
  async started(configured: readonly SubscriptionSpec[] = []): Promise<Replica> {
    const replica = this.replica(configured)
    await replica.subscriptions.start()
    await this.clock.settle()
    return replica
  }

  produce(value: unknown, topic = 'orders', partition = 0): void {
    this.log.produce(topic, { partition, value: JSON.stringify(value) })
  }

  committed(partition = 0, name = 'orders', topic = 'orders'): bigint | undefined {
    return this.log.group(`fermata.${name}`).committed({ topic, partition })
  }
}
