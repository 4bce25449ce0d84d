import * as v from 'valibot'
import type { EffectKind } from './ledger.ts'

const order = v.string()
const item = v.object({ sku: v.string(), quantity: v.number() })

const chargeSchema = v.object({ order, amount: v.number(), card: v.string() })
const orderSchema = v.object({ order })
const reservationSchema = v.object({ order, items: v.array(item) })
const mailSchema = v.variant('template', [
  v.object({ template: v.literal('confirmation'), order }),
  v.object({ template: v.literal('cancellation'), order }),
  v.object({ template: v.literal('review'), order }),
  v.object({ template: v.literal('approval'), order, amount: v.number(), approval: v.string() }),
])

/** A mail that asks the sales desk to decide. */
export interface ApprovalRequest {
  readonly order: string
  readonly amount: number
  /** The id of the awakeable to complete. */
  readonly approval: string
}

/** What a request asks for. */
export type Wish =
  | { readonly kind: EffectKind; readonly order: string; readonly approval?: ApprovalRequest }
  | { readonly refused: string; readonly status: number; readonly order: string }

export const soldOut = 'LAMP-LUNA-LIMITED'

const mailKinds = {
  confirmation: 'confirmation',
  cancellation: 'cancellation',
  review: 'review request',
  approval: 'approval request',
} as const satisfies Record<v.InferOutput<typeof mailSchema>['template'], EffectKind>

/** What lies behind each path. */
export const services: Readonly<Record<string, (body: unknown) => Wish>> = {
  '/payments/charges'(body) {
    const { order, card } = v.parse(chargeSchema, body)
    if (card !== 'card_declined') return { kind: 'charge', order }
    return { refused: 'the card was declined', status: 402, order }
  },
  '/payments/refunds': (body) => ({ kind: 'refund', ...v.parse(orderSchema, body) }),
  '/warehouse/reservations'(body) {
    const { order, items } = v.parse(reservationSchema, body)
    if (!items.some(({ sku }) => sku === soldOut)) return { kind: 'reservation', order }
    return { refused: `${soldOut} is sold out`, status: 409, order }
  },
  '/warehouse/releases': (body) => ({ kind: 'release', ...v.parse(orderSchema, body) }),
  '/mail/messages'(body) {
    const mail = v.parse(mailSchema, body)
    const kind = mailKinds[mail.template]
    if (mail.template !== 'approval') return { kind, order: mail.order }
    return { kind, order: mail.order, approval: mail }
  },
}
