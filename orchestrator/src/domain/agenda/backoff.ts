export type Backoff = { readonly baseMs: number; readonly maxMs: number }

/** How long to wait after the `tries`-th failure (1, 2, …). `random` in [0, 1) spreads it over the upper half. */
export function backoffMs(tries: number, backoff: Backoff, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.max(0, tries - 1))
  return full * (0.5 + random / 2)
}
