import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { UNRESTORABLE_RECORDS } from './unrestorable-records.ts'

/** An object of the blob bucket. */
export type StoredObject = Omit<PutObjectCommandInput, 'Bucket'> & { readonly Key: string; readonly Body: Buffer }

/** What a store with a fault contains in addition to sound resources. */
export interface BrokenStore {
  readonly what: string
  readonly items: (registry: ModelRegistry) => readonly Item[]
  readonly objects?: readonly StoredObject[]
  /** The ids that the exports and the restores select. By default, they select everything. */
  readonly ids?: readonly string[]
}

export const BROKEN_STORES: readonly BrokenStore[] = [...UNRESTORABLE_RECORDS]
