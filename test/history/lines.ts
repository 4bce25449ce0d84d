import type { PromiseRef } from '@fermata/lambda-runtime/protocol'
import type { HistoryEvent } from './events.ts'

/** A history as a file: one event a line, as JSON. */
export function encodeHistory(events: readonly HistoryEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}

export function decodeHistory(text: string): readonly HistoryEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEvent)
}

/** To read: who did what, on what. */
export function describeEvent(event: HistoryEvent): string {
  const time = new Date(event.at).toISOString().slice(11, 23)
  return `${time}  ${event.who.padEnd(12)} ${whatOf(event)}`
}

function whatOf(event: HistoryEvent): string {
  switch (event.what) {
    case 'segment': {
      const kinds = event.segment.entries.map((entry) =>
        'op' in entry ? `${entry.kind}-${entry.op}` : entry.kind,
      )
      return `${event.invocation} ${event.segment.n}: ${kinds.join(' ')}`
    }
    case 'segment-gone':
      return `${event.invocation} ${event.n} is removed`
    case 'slot': {
      const { mail, n } = event.slot
      const whose = mail.kind === 'edit' ? 'an edit' : mail.invocation
      return `${nameOf(event.object)} slot ${n}: ${whose}`
    }
    case 'head':
      return `${nameOf(event.object)} done ${event.head.done}`
    case 'value':
      return `${nameOf(event.object)} ${event.name} of slot ${event.slot}`
    case 'promise':
      return `${promiseOf(event.promise)} is ${JSON.stringify(event.outcome)}, by ${event.by}`
    case 'promise-gone':
      return `${promiseOf(event.promise)} is forgotten`
    case 'records':
      return `${event.topic}/${event.partition} ends at ${event.end}`
    case 'dead':
      return `${event.topic}/${event.partition}/${event.offset} is dead`
    case 'committed':
      return `${event.topic}/${event.partition} is committed up to ${event.offset}`
    case 'effect':
      return `${event.key} ${JSON.stringify(event.body)}`
    case 'accepted':
      return `${event.invocation} is accepted`
    case 'answered':
      return `${event.invocation} is ${JSON.stringify(event.value)}`
    default:
      return event satisfies never
  }
}

function promiseOf({ workflow, key, name }: PromiseRef): string {
  return `${workflow}#${key} ${name}`
}

function nameOf({ service, key }: { readonly service: string; readonly key: string }): string {
  return `${service}#${key}`
}
