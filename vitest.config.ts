import { join, relative } from 'node:path'
import process from 'node:process'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { LOGIC_FILES } from './test/logic-files.ts'

/**
 * Processes that tests start, and the workers of Vitest, keep their compiled code here. The local program then starts
 * with a third less CPU time.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled')

const LONG_FOLDERS = ['test/program', 'test/infra', 'test/workflows', 'test/faults']

/** Starts the files that take minutes first, so that the workers end at about the same time. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONG_FOLDERS.findIndex((folder) => relative(import.meta.dirname, moduleId).startsWith(folder))
      return index === -1 ? LONG_FOLDERS.length : index
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}

const MINUTE_MS = 60_000

/**
 * Whole jobs with many passes, large blobs, throttled calls or rare faults. `npm test` excludes these files.
 * `npm run test:workflows` runs all workflow tests except the outcomes and the properties.
 */
const LONG_WORKFLOWS = [
  'test/workflows/{compose,records,specstar}-passes.test.ts',
  'test/workflows/{convert,export,restore}-hand-over.test.ts',
  'test/workflows/{large-blobs,large-blob-checksums,large-blob-uploads,blob-headers,blob-paths,merged-references}.test.ts',
  'test/workflows/{differences,differences-in-detail,differences-of-restores,many-findings,expected-counts}.test.ts',
  'test/workflows/{check-damaged-archives,damage,damaged-target,suspicious-archives,unrestorable-resources}.test.ts',
  'test/workflows/{concurrent-writers,leases-after-failure,shards-changed,target-only,torn-resources}.test.ts',
  'test/workflows/{many-extents,reads-per-pass,small-segments,throttled-conversion,throttling}.test.ts',
  'test/workflows/{orphaned-revisions,selected-resources,specstar-answers,specstar-in,specstar-out}.test.ts',
  'test/workflows/{archive-catalogue,changing-archive,check-intact-archives,ids}.test.ts',
]

/** The outcomes of broken stores, archives, streams and targets. */
const OUTCOMES = ['test/workflows/{outcomes,damaged-streams,unrestorable-archives,unrestorable-streams}.test.ts']

/** What must be true of any store, archive or stream, however damaged. */
const PROPERTIES = ['test/workflows/{restorable,importable}-property.test.ts']

/** The local program and its services as processes. */
const PROGRAM = ['test/program/demo.test.ts', 'test/infra/local/{processes/child-processes,program/program}.test.ts']

/**
 * Suites with commands of their own. They need minutes, gigabytes, Python and PyPI, or the registry of npm. The main
 * suite must end within ten minutes.
 */
const SEPARATE_SUITES = [
  ...LONG_WORKFLOWS,
  ...OUTCOMES,
  ...PROPERTIES,
  ...PROGRAM,
  'test/faults/{damaged-archives,histories,sweep-rejections}.test.ts',
  'test/large/**',
  'test/faults/hostile-sizes.test.ts',
  'test/openapi/**',
  'test/real/**',
  'test/deploy/**',
  'test/package/**',
  'test/page/**',
  'test/limits/**',
  'test/program/kills.test.ts',
]

/** `npm test`. */
const main = {
  extends: true as const,
  test: {
    name: 'main',
    include: ['test/**/*.test.ts'],
    exclude: [...SEPARATE_SUITES, '**/node_modules/**'],
    testTimeout: MINUTE_MS,
    hookTimeout: MINUTE_MS,
    // The files of a worker share their modules. Otherwise, a fifth of the CPU time would be spent on loading modules.
    isolate: false,
    restoreMocks: true,
  },
}

/** `npm run test:faults`: tests that draw their cases from a seed, in rounds with another seed each. */
const faults = {
  extends: true as const,
  test: {
    name: 'faults',
    include: ['test/faults/**/*.test.ts', 'test/functions/fuzz.test.ts', 'test/program/kills.test.ts', ...PROPERTIES],
    testTimeout: 2 * MINUTE_MS,
    hookTimeout: 2 * MINUTE_MS,
  },
}

/** `npm run test:property`: the properties with many random stores. `STORES` sets their number. */
const property = {
  extends: true as const,
  test: {
    name: 'property',
    include: PROPERTIES,
    env: { STORES: process.env['STORES'] ?? '150' },
    hookTimeout: MINUTE_MS,
  },
}

/** `npm run test:outcomes`: about 160 kinds of faults and their outcomes (`test/OUTCOMES.md`). */
const outcomes = {
  extends: true as const,
  test: {
    name: 'outcomes',
    include: OUTCOMES,
    testTimeout: MINUTE_MS,
    hookTimeout: MINUTE_MS,
    restoreMocks: true,
  },
}

/** `npm run test:workflows`: whole exports, restores and checks. */
const workflows = {
  extends: true as const,
  test: {
    name: 'workflows',
    include: ['test/workflows/**/*.test.ts'],
    exclude: [...OUTCOMES, ...PROPERTIES, '**/node_modules/**'],
    testTimeout: MINUTE_MS,
    hookTimeout: MINUTE_MS,
    isolate: false,
    restoreMocks: true,
  },
}

/** `npm run test:program`: starts the local program many times, and runs the demo. */
const program = {
  extends: true as const,
  test: {
    name: 'program',
    include: PROGRAM,
    testTimeout: 2 * MINUTE_MS,
    hookTimeout: MINUTE_MS,
  },
}

/** `npm run test:limits`: exports and restores that request more than the local services offer. */
const limits = {
  extends: true as const,
  test: {
    name: 'limits',
    include: ['test/limits/**/*.test.ts'],
    testTimeout: 10 * MINUTE_MS,
    hookTimeout: MINUTE_MS,
  },
}

/** `npm run test:large`: `LARGE_RESOURCES` and `LARGE_BLOB_MB` set the size of the store. */
const large = { extends: true as const, test: { name: 'large', include: ['test/large/**/*.test.ts'] } }

/** `npm run test:specstar`: compares us with the real SpecStar; needs Python 3 and, the first time, PyPI. */
const specstar = {
  extends: true as const,
  test: { name: 'specstar', include: ['test/real/**/*.test.ts'], testTimeout: 2 * MINUTE_MS },
}

/** `npm run test:openapi`: a fuzzer compares the API with its document; needs Python 3 and, the first time, PyPI. */
const openapi = { extends: true as const, test: { name: 'openapi', include: ['test/openapi/**/*.test.ts'] } }

/** `npm run test:deploy`: deploys the app to an emulator of AWS; needs Python 3 and, the first time, PyPI. */
const deploy = {
  extends: true as const,
  test: {
    name: 'deploy',
    include: ['test/deploy/**/*.test.ts'],
    testTimeout: 10 * MINUTE_MS,
    hookTimeout: 10 * MINUTE_MS,
    // The scenarios use one deployment.
    bail: 1,
  },
}

/** `npm run test:package`: packs the construct and installs it in another project; needs the registry of npm. */
const packed = {
  extends: true as const,
  test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 2 * MINUTE_MS },
}

/** `npm run test:page`: the page in a real browser; needs Chromium, see `test/page/chromium.ts`. */
const page = {
  extends: true as const,
  test: {
    name: 'page',
    include: ['test/page/**/*.test.ts'],
    // Only one file may install Chromium.
    fileParallelism: false,
    env: {
      SCHEDULES: JSON.stringify([
        { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
        { name: 'countries', cron: '0 12 * * ? *', models: ['country'], keep_days: 7 },
      ]),
    },
    testTimeout: 3 * MINUTE_MS,
    // The first run may install Chromium.
    hookTimeout: 10 * MINUTE_MS,
  },
}

/** `npm run test:compat` selects files, and passes the endpoints of other servers in environment variables. */
const compat = {
  extends: true as const,
  test: {
    name: 'compat',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/compat/skip-deviations.ts'],
    testTimeout: 2 * MINUTE_MS,
    hookTimeout: 2 * MINUTE_MS,
    isolate: false,
    restoreMocks: true,
  },
}

/** `npm run test:branches` and `npm run test:mutation`: unit tests that are fast enough to run for each mutant. */
const logic = {
  extends: true as const,
  test: {
    name: 'logic',
    include: [
      'test/{archive,values,filters,specstar}/**/*.test.ts',
      'test/compose/compose-plan.test.ts',
      'test/objects/part-layout.test.ts',
      'test/restore/{apply,checks,convert,extents,target}/*.test.ts',
      'test/resources/*.test.ts',
      'test/schedules/*.test.ts',
      'test/blobs/{blob-name,blob-properties,property-differences,stored-properties}.test.ts',
    ],
    exclude: [
      'test/archive/{damage,order,writer}.test.ts',
      'test/resources/resource-store.test.ts',
      'test/schedules/archive-judgements.test.ts',
    ],
    testTimeout: MINUTE_MS,
    // A new worker for each file would take most of a mutant's time.
    isolate: false,
  },
}

export default defineConfig(({ mode }) => ({
  test: {
    // Stryker cannot select a project.
    projects:
      process.env['STRYKER_MUTATOR_WORKER'] === undefined
        ? [
            main,
            faults,
            property,
            outcomes,
            workflows,
            program,
            limits,
            large,
            specstar,
            openapi,
            deploy,
            packed,
            page,
            compat,
            logic,
          ]
        : [logic],
    // Tests wait for servers about as much as they compute: one worker more than the two cores.
    maxWorkers: 3,
    sequence: { sequencer: LongFilesFirst },
    setupFiles: ['test/compare-bytes.ts'],
    globalSetup: ['test/temporary-folder.ts'],
    coverage:
      mode === 'logic'
        ? { provider: 'v8', include: LOGIC_FILES, reporter: ['text-summary'], thresholds: { branches: 100 } }
        : { provider: 'v8', include: ['shared/**', 'functions/**', 'infra/**'], reporter: ['text-summary', 'html'] },
  },
}))
