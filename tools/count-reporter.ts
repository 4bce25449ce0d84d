import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/**
 * Closes a run with what was skipped for want of something, what failed, by name, and then
 * `N passed, N failed[, N skipped]` alone on a line. It is written when the process ends, because coverage tables and
 * thresholds are printed after the last reporter hook.
 */
export class CountReporter implements Reporter {
  /** Until the tests have been counted: a run that breaks before that has failed. */
  #line = '0 passed, 1 failed'
  #failures: string[] = []
  #skipped: string[] = []
  #registered = false

  onInit(): void {
    if (this.#registered) return
    this.#registered = true
    process.once('exit', () => {
      const lines = [...this.#skipped, ...this.#failures, this.#line]
      process.stdout.write(`\n${lines.join('\n')}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#failures = unhandled.map((error) => failureLine('unhandled', [error]))
    this.#skipped = modules.flatMap(missingParts)
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const module of modules) {
      counts.failed += this.#broken(module)
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result()
        counts[state === 'pending' ? 'skipped' : state] += 1
        const name = `${module.relativeModuleId} > ${test.fullName}`
        if (state === 'failed') this.#failures.push(failureLine(name, errors))
      }
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    this.#line = `${counts.passed} passed, ${counts.failed} failed${skipped}`
  }

  /** A file that does not even load, or a suite whose set-up fails, has no test that failed, yet it is a failure. */
  #broken(module: TestModule): number {
    const file = module.relativeModuleId
    const places = [
      { name: file, errors: module.errors() },
      ...[...module.children.allSuites()].map((suite) => ({
        name: `${file} > ${suite.fullName}`,
        errors: suite.errors(),
      })),
    ].filter(({ errors }) => errors.length > 0)
    this.#failures.push(...places.map(({ name, errors }) => failureLine(name, errors)))
    return places.reduce((sum, { errors }) => sum + errors.length, 0)
  }
}

/** The suites that say in their titles why they are skipped. */
function missingParts(module: TestModule): string[] {
  return [...module.children.allSuites()]
    .filter(({ name }) => name.includes('[skipped: '))
    .map(({ fullName }) => `SKIPPED ${module.relativeModuleId} > ${fullName}`)
}

function failureLine(name: string, errors: readonly { readonly message: string }[]): string {
  const reasons = errors.map(({ message }) => message.replaceAll(/\s+/g, ' ').slice(0, 300))
  return `FAILED ${name}: ${reasons.join(' | ')}`
}
