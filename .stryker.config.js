import { DECISIONS } from './.decisions.ts'

/** What decides without I/O: each change that Stryker makes there must fail a test. `-m` names other files. */
export default {
  mutate: DECISIONS,
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  // Asking which tests import a file, for each mutant, would take longer than running those that cover it.
  vitest: { configFile: '.vitest.mutation.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // What is made once, as a module is read, would ask for every test with each mutant.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 3_000,
  timeoutFactor: 1.25,
  tempDirName: '.local/stryker',
  incremental: true,
  incrementalFile: '.local/mutation.json',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: '.local/mutation-report.json' },
  clearTextReporter: { reportTests: false, allowColor: false },
  thresholds: { high: 90, low: 80, break: 80 },
}
