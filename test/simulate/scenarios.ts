import { LIMITS } from '../../shared/jobs/limits.ts'
import { GB } from './assumptions.ts'
import { COMPRESSION, type Scenario } from './scenario.ts'

const SIZES = [1e6, 250e6, 1e9]

/** The functions that an account may run at the same time, and the setting `max_concurrency` for such an account. */
const ACCOUNTS: readonly Pick<Scenario, 'functions' | 'maxConcurrency'>[] = [
  { functions: 10 },
  { functions: 1_000 },
  { functions: 10_000, maxConcurrency: 1_000 },
]

const scenario = (
  resources: number,
  account: (typeof ACCOUNTS)[number],
  largeBlobs: readonly number[] = [],
): Scenario => ({
  resources,
  ...account,
  largeBlobs,
  compression: COMPRESSION,
})

/** Every size in every account. */
export const SCENARIOS: readonly Scenario[] = SIZES.flatMap((resources) =>
  ACCOUNTS.map((account) => scenario(resources, account)),
)

const [, USUAL_ACCOUNT = { functions: 1_000 }] = ACCOUNTS

/** Stores with one large blob. The last is the largest that is allowed. */
export const LARGE_BLOB_SCENARIOS: readonly Scenario[] = [20 * GB, 2_000 * GB, LIMITS.maxBlobBytes].map((size) =>
  scenario(1e6, USUAL_ACCOUNT, [size]),
)
