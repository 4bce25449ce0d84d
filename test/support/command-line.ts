import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What a program of the tests was told. What it does not understand it does not do: it says so, and exits with 2. */
export function commandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** The number that an option says. With none, or one below `least`, a program would do nothing and call it well. */
export function numberOf(option: string, text: string, least = 0): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number) && number >= least) return number
  return refuse(`--${option} is a number, ${least} or more: "${text}" is not`)
}

export function refuse(message: string): never {
  console.error(message)
  return process.exit(2)
}
