import { refuse } from '../support/command-line.ts'
import { mutants } from './mutants.ts'
import { plant } from './mutate.ts'

/** Plants the bug of this name in whatever is imported from now on; ends the program when there is none */
export function plantByName(name: string | undefined): void {
  if (name === undefined) return
  const mutant = mutants.find((one) => one.name === name)
  if (mutant === undefined) refuse(`There is no planted bug "${name}"`)
  plant(mutant.edits)
}
