/** Budgets, reviewers and payments, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'

export interface Claimed {
  readonly employee: string
  readonly amount: number
  readonly purpose: string
}

/** Answers with the reservation's number. */
export async function reserveBudget(claim: Claimed, options: AskOptions): Promise<string> {
  const { budget } = (await ask('/budgets/reserve', claim, options)) as { readonly budget: string }
  return budget
}

export async function releaseBudget(budget: string, options: AskOptions): Promise<void> {
  await ask('/budgets/release', { budget }, options)
}

/** Whoever gets the task beats for it while at work, and completes the awakeable `task`. */
export async function assignReviewer(
  claim: Claimed,
  task: string,
  options: AskOptions,
): Promise<void> {
  await ask('/reviews', { claim, task }, options)
}

/** Answers with the payment's number. */
export async function payOut(claim: Claimed, options: AskOptions): Promise<string> {
  const { payment } = (await ask('/payments', claim, options)) as { readonly payment: string }
  return payment
}
