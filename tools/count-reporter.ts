import type { Reporter, TestModule } from 'vitest/node'

/**
 * Closes a run with `N passed, N failed[, N skipped]` alone on a line. It is written when the process
 * ends, because coverage tables and thresholds are printed after the last reporter hook.
 */
export class CountReporter implements Reporter {
  /** Until the tests have been counted: a run that breaks before that has failed. */
  #line = '0 passed, 1 failed'
  #registered = false

  onInit(): void {
    if (this.#registered) return
    this.#registered = true
    process.once('exit', () => process.stdout.write(`\n${this.#line}\n`))
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const module of modules) {
      // A file that does not even load has no tests to count, yet it is a failure.
      counts.failed += module.errors().length
      for (const test of module.children.allTests()) {
        const state = test.result().state
        counts[state === 'pending' ? 'skipped' : state] += 1
      }
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    this.#line = `${counts.passed} passed, ${counts.failed} failed${skipped}`
  }
}
