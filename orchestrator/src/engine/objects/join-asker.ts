import type { Outcome } from '@fermata/lambda-runtime/protocol'
import type { Turn } from './turn.ts'

/**
 * Two may call one invocation at the same time, each by a slot of his own, of which one is void. Its caller took himself
 * for the one whom the origin names: he waits for what comes of the other (INV-5). Again is the same.
 */
export async function joinAsker({ work, slot }: Turn): Promise<void> {
  const { mail } = slot
  if (mail.kind === 'edit' || mail.created.origin.kind !== 'call') return
  const { invocation, op } = mail.created.origin
  const waiter = { kind: 'waiter', invocation, op } as const
  const told = await work.stimulate(mail.invocation, waiter, 'asks-again')
  const phase = told?.state.phase
  if (phase !== undefined && phase.kind !== 'closed') return
  const outcome = phase?.outcome ?? gone(mail.invocation)
  await work.stimulate(invocation, { kind: 'completion', op, outcome }, 'asks-again')
}

function gone(id: string): Outcome {
  const message = `The invocation "${id}" has expired`
  return { kind: 'failure', failure: { code: 'invocation-not-found', message, status: 404 } }
}
