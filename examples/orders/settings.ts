import type { Duration } from '@fermata/lambda-runtime'

const environment = process.env

/** Where payments, warehouse and mail are reached. */
export const outsideUrl: string = environment['OUTSIDE_URL'] ?? 'http://localhost:8200'

/** How long after an order its customer is asked for a review; ms, where it is set. */
export const reviewDelay: Duration = Number(environment['REVIEW_DELAY_MS'] ?? Number.NaN) || '14d'

/** From this total on (cents) somebody at the sales desk has a look first. */
export const approvalFrom = 100_000
export const salesDesk = 'sales-desk@shop.example'
