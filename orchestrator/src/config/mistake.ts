import { FermataError } from '../domain/errors.ts'

/** One thing wrong with the configuration. */
export type Mistake = {
  /** Where it is: `agenda.leaseMs`, `subscriptions[0].source`, or the name of a variable. */
  readonly path: string
  readonly message: string
}

export type Path = readonly (string | number)[]

/** `['subscriptions', 0, 'source']` as people write it. */
export function showPath(path: Path): string {
  return path.reduce<string>((shown, part) => {
    if (typeof part === 'number') return `${shown}[${part}]`
    return shown === '' ? part : `${shown}.${part}`
  }, '')
}

/** All mistakes in one error, a line each, in the order of their paths. */
export function configInvalid(mistakes: readonly Mistake[]): FermataError {
  const lines = mistakes
    .map(({ path, message }) => `  - ${path}: ${message}`)
    .sort((a, b) => a.localeCompare(b, 'en'))
  const count = lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`
  return new FermataError('config-invalid', `The configuration has ${count}:\n${lines.join('\n')}`)
}
