import type { RecordSource } from '@fermata/orchestrator/ports'
import { describeArgs } from './port-calls.ts'

type Dies = (where: string, what: string) => boolean

/** A port whose caller may die before he asks and when he has the answer: then he goes no further. */
export function mortal<Port extends object>(name: string, port: Port, dies: Dies): Port {
  return new Proxy(port, {
    get: (target, method, receiver) => {
      const member: unknown = Reflect.get(target, method, receiver)
      if (typeof member !== 'function' || typeof method !== 'string') return member
      return async (...args: unknown[]) => {
        const what = describeArgs(args)
        if (dies(`before ${name}.${method}`, what)) await never()
        const answer: unknown = await Reflect.apply(member, target, args)
        if (dies(`after ${name}.${method}`, what)) await never()
        return answer
      }
    },
  })
}

/** A log of records whose consumer may die, too, before it takes one, and when it has but nothing is committed. */
export function mortalSource(source: RecordSource, dies: Dies): RecordSource {
  const asked: RecordSource = {
    open: (spec, sink) => {
      const { accept } = mortal('sink', { accept: sink.accept.bind(sink) }, dies)
      return source.open(spec, {
        accept,
        assigned: (partitions) => sink.assigned?.(partitions),
        failed: (error) => sink.failed(error),
      })
    },
    positions: (spec) => source.positions(spec),
    close: () => source.close(),
  }
  return mortal('source', asked, dies)
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}
