import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { type EffectKind, Ledger } from './ledger.ts'
import { type ApprovalRequest, services, type Wish } from './requests.ts'

/** Payments, warehouse and mail: slow and unreliable, as others' services are. */
export interface OutsideWorld {
  /** For the functions' `OUTSIDE_URL`. */
  readonly url: string
  readonly ledger: Ledger
  readonly events: EventEmitter<OutsideWorldEvents>
  close(): Promise<void>
}

export interface OutsideWorldEvents {
  /** A charge is booked, and its answer has not left yet. */
  charge: [{ readonly order: string; readonly key: string }]
  approvalRequest: [ApprovalRequest]
}

const latencyMs: Record<EffectKind, number> = {
  charge: 250,
  reservation: 120,
  'approval request': 40,
  confirmation: 40,
  'review request': 40,
  refund: 150,
  release: 80,
  cancellation: 40,
}
/** Every so many charges the provider is down for a moment: 503, nothing done. */
const outageEvery = 9
/** Every so many mails the answer is lost on its way, after the mail was sent. */
const lostAnswerEvery = 15

export async function startOutsideWorld(): Promise<OutsideWorld> {
  const ledger = new Ledger()
  const events = new EventEmitter<OutsideWorldEvents>()
  const visitors = new Visitors(ledger, events)
  const server = createServer((request, response) => {
    visitors.serve(request, response).catch((error: unknown) => {
      answer(response, 400, { message: String(error) })
    })
  })
  return {
    url: await listen(server),
    ledger,
    events,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

class Visitors {
  readonly #ledger: Ledger
  readonly #events: EventEmitter<OutsideWorldEvents>
  #charges = 0
  #mails = 0

  constructor(ledger: Ledger, events: EventEmitter<OutsideWorldEvents>) {
    this.#ledger = ledger
    this.#events = events
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.headers['idempotency-key']
    const service = services[request.url ?? '']
    if (service === undefined) return answer(response, 404, { message: 'no such service' })
    if (typeof key !== 'string') return answer(response, 400, { message: 'no idempotency-key' })
    const wish = service(await json(request))
    if ('refused' in wish) {
      this.#ledger.refuse(wish.order)
      return answer(response, wish.status, wish.refused)
    }
    if (!this.#ledger.has(key) && this.#isDown(wish)) {
      this.#ledger.countOutage()
      return answer(response, 503, 'try again later')
    }
    await this.#carryOut(wish, key, response)
  }

  async #carryOut(
    wish: Extract<Wish, { kind: EffectKind }>,
    key: string,
    response: ServerResponse,
  ): Promise<void> {
    const { kind, order, approval } = wish
    const isFirst = this.#ledger.record(kind, order, key)
    if (isFirst && kind === 'charge') this.#events.emit('charge', { order, key })
    if (isFirst && approval !== undefined) this.#events.emit('approvalRequest', approval)
    await delay(latencyMs[kind])
    if (isFirst && this.#losesAnswer(wish)) {
      this.#ledger.countLostAnswer()
      response.destroy()
      return
    }
    // The same key gets the same answer.
    const digest = createHash('sha256').update(key).digest('hex').slice(0, 12)
    answer(response, 200, { paymentId: `pay_${digest}`, reservationId: `res_${digest}` })
  }

  #isDown({ kind }: Extract<Wish, { kind: EffectKind }>): boolean {
    if (kind !== 'charge') return false
    this.#charges += 1
    return this.#charges % outageEvery === 0
  }

  #losesAnswer({ kind }: Extract<Wish, { kind: EffectKind }>): boolean {
    if (kind !== 'confirmation' && kind !== 'review request') return false
    this.#mails += 1
    return this.#mails % lostAnswerEvery === 0
  }
}

function answer(response: ServerResponse, status: number, body: object | string): void {
  if (response.destroyed || response.headersSent) return
  const isText = typeof body === 'string'
  response
    .writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
    .end(isText ? body : JSON.stringify(body))
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no port'))
      else resolve(`http://127.0.0.1:${address.port}`)
    })
  })
}
