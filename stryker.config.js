import { LOGIC_FILES } from './test/logic-files.ts'

/** Every change that Stryker makes to these files must fail a unit test. `-m` selects other files. */
export default {
  mutate: LOGIC_FILES,
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  // Selecting the tests that import a file, for each mutant, takes longer than running those that cover it.
  vitest: { configFile: 'vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // A mutant in code that runs when a module loads would need all tests.
  ignoreStatic: true,
  concurrency: 2,
  // One process runs all unit tests again and again. With the default heap, it runs out of memory in the first run.
  testRunnerNodeArgs: ['--max-old-space-size=6144'],
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
