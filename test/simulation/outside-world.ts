/** How simulated time passes for a step of a handler. Set by the universe in which it runs. */
export const pace: { rest: (ms: number) => Promise<void> } = { rest: () => Promise.resolve() }

/** Asks the world outside, under a key of its own. */
export async function tell(key: string, body: unknown = null): Promise<void> {
  const response = await fetch(new URL('/tell', 'http://outside'), {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${response.status}`)
}
