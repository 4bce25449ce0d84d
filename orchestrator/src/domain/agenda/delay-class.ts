/** Entries that are due at about the same time share an item, so that one late entry holds few others back. */
export type DelayClass = 'seconds' | 'minutes' | 'hours' | 'days'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const delayClasses: readonly DelayClass[] = ['seconds', 'minutes', 'hours', 'days']

export function delayClass(delayMs: number): DelayClass {
  if (delayMs < minute) return 'seconds'
  if (delayMs < hour) return 'minutes'
  return delayMs < day ? 'hours' : 'days'
}
