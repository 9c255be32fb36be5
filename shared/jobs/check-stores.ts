import type { BucketSettings } from '../objects/aws/bucket-settings.ts'
import type { KeyAttribute, TableDescriptions } from '../tables/aws/table-descriptions.ts'
import { ExistingStoresError } from './errors.ts'

/** The stores that a deployment can use instead of creating them: members of the setting `existing`. */
export const EXISTING_STORES = ['resource_table', 'blob_bucket', 'restore_bucket'] as const
export type ExistingStore = (typeof EXISTING_STORES)[number]

export interface StoreCheckServices {
  readonly config: {
    /** The stores that the deployment has not created. */
    readonly existing_stores: readonly ExistingStore[]
    readonly tables: { readonly resources: string }
    readonly buckets: { readonly blobs: string; readonly restores: string }
  }
  readonly tableDescriptions: Pick<TableDescriptions, 'keysOf'>
  readonly bucketSettings: Pick<BucketSettings, 'isVersioned' | 'sendsEvents'>
}

/**
 * Checks the settings of stores that the deployment has not created, and whose owner may change their settings at any
 * time. `used` lists the stores that the caller is about to use. Throws `ExistingStoresError` with a finding for each
 * setting that does not fit.
 */
export const checkStores = async (used: readonly ExistingStore[], services: StoreCheckServices): Promise<void> => {
  const findings: string[] = []
  for (const store of used)
    if (services.config.existing_stores.includes(store)) findings.push(...(await CHECKS[store](services)))
  if (findings.length > 0) throw new ExistingStoresError(findings)
}

const EXPECTED_KEYS = 'partition key pk (S), sort key sk (S)'

const checkTable = async ({ config, tableDescriptions }: StoreCheckServices): Promise<string[]> => {
  const table = config.tables.resources
  const keys = await readSetting(() => tableDescriptions.keysOf(table))
  if ('problem' in keys) return [`existing.resource_table: the table ${table} ${keys.problem}`]
  const found = describeKeys(keys.value)
  if (found === EXPECTED_KEYS) return []
  return [`existing.resource_table: the table ${table} must have the keys "${EXPECTED_KEYS}", but it has "${found}"`]
}

const describeKeys = (keys: readonly KeyAttribute[]): string =>
  keys.map(({ name, type }, k) => `${k === 0 ? 'partition' : 'sort'} key ${name} (${type})`).join(', ')

const checkVersioning = async (
  setting: ExistingStore,
  bucket: string,
  { bucketSettings }: StoreCheckServices,
): Promise<string[]> => {
  const versioned = await readSetting(() => bucketSettings.isVersioned(bucket))
  if ('problem' in versioned) return [`existing.${setting}: the bucket ${bucket} ${versioned.problem}`]
  return versioned.value ? [] : [`existing.${setting}: enable versioning of the bucket ${bucket}`]
}

const checkEvents = async (bucket: string, { bucketSettings }: StoreCheckServices): Promise<string[]> => {
  const sends = await readSetting(() => bucketSettings.sendsEvents(bucket))
  if ('problem' in sends) return [`existing.restore_bucket: the bucket ${bucket} ${sends.problem}`]
  if (sends.value) return []
  return [
    `existing.restore_bucket: turn on EventBridge in the event notifications of the bucket ${bucket}; ` +
      'otherwise, uploads start no restore',
  ]
}

const CHECKS: Readonly<Record<ExistingStore, (services: StoreCheckServices) => Promise<string[]>>> = {
  resource_table: checkTable,
  blob_bucket: (services) => checkVersioning('blob_bucket', services.config.buckets.blobs, services),
  restore_bucket: async (services) => {
    const bucket = services.config.buckets.restores
    const findings = await checkVersioning('restore_bucket', bucket, services)
    const events = await checkEvents(bucket, services)
    // Both checks find that a bucket does not exist.
    return [...new Set([...findings, ...events])]
  },
}

/** The errors of AWS that the owner of a store can correct, and what is wrong. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'does not exist in this account and region',
  NoSuchBucket: 'does not exist',
  PermanentRedirect: 'is in another region',
  AccessDenied: 'cannot be checked, because its bucket policy denies access',
  AccessDeniedException: 'cannot be checked, because its resource policy denies access',
}

/** Reads a setting of a store. Returns what is wrong if the store does not exist or denies access. */
const readSetting = async <T>(
  read: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly problem: string }> => {
  try {
    return { value: await read() }
  } catch (error) {
    const problem = error instanceof Error ? PROBLEMS[error.name] : undefined
    if (problem === undefined) throw error
    return { problem }
  }
}
