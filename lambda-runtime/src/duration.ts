import { UsageError } from './errors.ts'
import type { Duration } from './types/duration.ts'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const unitNames = {
  days: unitMs.d,
  hours: unitMs.h,
  minutes: unitMs.m,
  seconds: unitMs.s,
  milliseconds: unitMs.ms,
} as const
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const hundredYearsMs = 36_525 * unitMs.d

/** Whole milliseconds. @throws UsageError `duration-invalid` */
export function durationToMs(duration: Duration): number {
  const ms = Math.round(parse(duration))
  if (!(ms <= hundredYearsMs)) throw invalid(duration, 'it is longer than a hundred years')
  return ms
}

function parse(duration: unknown): number {
  if (typeof duration === 'number') return amount(duration, duration)
  if (typeof duration === 'string') return parseText(duration)
  if (typeof duration === 'object' && duration !== null) return parseUnits(duration)
  throw invalid(duration, 'it is neither text, nor a number, nor an object of units')
}

function parseText(text: string): number {
  const [, digits, unit] = pattern.exec(text) ?? []
  if (digits === undefined || !isUnit(unit)) {
    throw invalid(text, "write a decimal number and one of ms, s, m, h, d, such as '20s'")
  }
  return Number(digits) * unitMs[unit]
}

function parseUnits(units: object): number {
  const given = Object.entries(units).filter(([, value]) => value !== undefined)
  if (given.length === 0) throw invalid(units, 'it names no unit')
  return given.reduce((sum, [name, value]) => {
    if (!isUnitName(name)) {
      throw invalid(units, `"${name}" is none of ${Object.keys(unitNames).join(', ')}`)
    }
    return sum + amount(value, units) * unitNames[name]
  }, 0)
}

function amount(value: unknown, duration: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw invalid(duration, 'it must be finite and not negative')
  }
  return value
}

function isUnit(unit: string | undefined): unit is keyof typeof unitMs {
  return unit !== undefined && Object.hasOwn(unitMs, unit)
}

function isUnitName(name: string): name is keyof typeof unitNames {
  return Object.hasOwn(unitNames, name)
}

function invalid(duration: unknown, why: string): UsageError {
  return new UsageError('duration-invalid', `${show(duration)} is no duration: ${why}`)
}

function show(duration: unknown): string {
  if (typeof duration === 'string') return `'${duration}'`
  return typeof duration === 'object' ? JSON.stringify(duration) : String(duration)
}
