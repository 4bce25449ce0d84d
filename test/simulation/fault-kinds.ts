import type { Chance } from './chance.ts'

/** What can go wrong, and how likely it is at most, at each occasion. */
const mostOf = {
  /** A store fails before it has done what it was asked for, as when it throttles. */
  'store-refuses': 0.05,
  /** It does it, and the answer is lost. */
  'answer-lost': 0.05,
  /** It takes its time, before or after. */
  'store-slow': 0.05,
  /** It takes a little time: what was asked for later comes first. */
  reordered: 0.4,
  /** The client asks again though it was done, and gets the second answer. */
  'asked-twice': 0.05,
  /** It is done again, long after it was answered. */
  'done-again': 0.05,
  /** Of a write of many items only some are written. */
  'partial-batch': 0.2,
  /** A store refuses everything for some seconds. */
  brownout: 0.01,
  /** A function dies, and its platform says so. */
  'function-dies': 0.1,
  /** It dies, and nothing is heard of it any more. */
  'function-unheard': 0.04,
  /** Its platform says that it has died, and it goes on. */
  'function-lives-on': 0.1,
  /** It starts late, as when it is cold. */
  'function-cold': 0.1,
  /** Its wall clock is wrong. */
  'function-clock': 0.3,
  /** At a fault point of the engine. */
  'replica-dies': 0.02,
  /** Before it asks a port for anything, or when it has the answer. */
  'replica-dies-asking': 0.005,
  /** It is told to stop, and takes its leave; another one comes. */
  'replica-stops': 0.01,
  /** All replicas die at once. */
  blackout: 0.01,
  /** It stands still, for seconds or minutes, and goes on as if nothing had been. */
  'replica-stalls': 0.004,
  /** It dies a moment after it has gone on. */
  'dies-waking': 0.5,
  /** Its wall clock is put right, or wrong. */
  'clock-jumps': 0.01,
  /** Partitions go to others, while all live. */
  rebalance: 0.01,
  throttle: 0.2,
  refuse: 0.1,
  'drop-request': 0.05,
  'drop-reply': 0.1,
  /** The reply takes its time. */
  'reply-late': 0.1,
  twin: 0.1,
  /** Another version of the functions is registered. */
  deployment: 0.02,
  /** An old version is removed, and is there no more. */
  undeployment: 0.02,
} as const

export type FaultKind = keyof typeof mostOf
export const faultKinds = Object.keys(mostOf) as readonly FaultKind[]

export type FaultRates = { readonly [K in FaultKind]?: number }
/** Where a kind strikes, and nowhere else: the beginning of `where`. */
export type FaultPlaces = { readonly [K in FaultKind]?: string }

/** About half of the kinds, each at a rate of its own; some seeds have none at all. */
export function drawRates(chance: Chance): FaultRates {
  const severity = chance.next()
  const rates = faultKinds.map((kind) => [kind, chance.happens(0.5), chance.next()] as const)
  if (severity < 0.1) return {}
  return Object.fromEntries(
    rates.filter(([, on]) => on).map(([kind, , much]) => [kind, mostOf[kind] * much * severity]),
  )
}
