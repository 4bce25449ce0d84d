import { describeArgs } from './port-calls.ts'

/** A port whose caller may die before he asks and when he has the answer: then he goes no further. */
export function mortal<Port extends object>(
  name: string,
  port: Port,
  dies: (where: string, what: string) => boolean,
): Port {
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

function never(): Promise<never> {
  return new Promise(() => undefined)
}
