import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../orchestrators/cluster.ts'
import type { ApprovalRequest } from './requests.ts'

export const deskLimit = 1_000_000
const thinkingMs = 1_500
const retryMs = 250

/** Reads the mail and decides, over HTTP, as a link in the mail would. */
export class SalesDesk {
  readonly #cluster: Cluster
  readonly #signal: AbortSignal
  #decisions = 0

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.#cluster = cluster
    this.#signal = signal
  }

  get decisions(): number {
    return this.#decisions
  }

  async decide({ amount, approval }: ApprovalRequest): Promise<void> {
    await delay(thinkingMs, undefined, { signal: this.#signal })
    const path = `/awakeables/${approval}/resolve`
    const decision = { approved: amount <= deskLimit, by: 'Maria at the sales desk' }
    for (;;) {
      const response = await this.#cluster.ingress('POST', path, decision)
      // Told before, in a request whose answer was lost with its orchestrator.
      if (response.status < 300 || response.status === 409) break
      await delay(retryMs, undefined, { signal: this.#signal })
    }
    this.#decisions += 1
  }
}
