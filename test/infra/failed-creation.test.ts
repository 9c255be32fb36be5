import { describe, expect, it } from 'vitest'
import {
  type FailedStack,
  type LeftStore,
  type LeftStores,
  NotRemovableError,
  removeFailedCreation,
} from '../../infra/failed-creation.ts'

const TABLE = { type: 'AWS::DynamoDB::GlobalTable', id: 'shop-resources' }
const BUCKET = { type: 'AWS::S3::Bucket', id: 'shop-blobs-000000000000-us-east-1' }
/** An earlier attempt has deleted this bucket. */
const GONE = { type: 'AWS::S3::Bucket', id: 'shop-work-000000000000-us-east-1' }
const KEY = { type: 'AWS::KMS::Key', id: '1234abcd' }
const POLICY = { type: 'AWS::S3::BucketPolicy', id: 'policy' }

/** A stack whose creation has left stores behind, and a list of everything that is deleted, in order. */
const leftBehind = (status: string | undefined, ...used: readonly string[]) => {
  const deleted: string[] = []
  const stack: FailedStack = {
    status: () => Promise.resolve(status),
    resources: () => Promise.resolve([TABLE, BUCKET, POLICY, GONE, KEY]),
    delete: () => {
      deleted.push('stack')
      return Promise.resolve()
    },
  }
  const stores: LeftStores = {
    isEmpty: ({ id }) => Promise.resolve(!used.includes(id)),
    delete: ({ id }) => {
      if (id === GONE.id) return Promise.resolve(false)
      deleted.push(id)
      return Promise.resolve(true)
    },
  }
  const remove = (): Promise<readonly LeftStore[]> => removeFailedCreation('shop-data', stack, stores)
  return { deleted, remove }
}

describe('after a failed first creation of the data stack', () => {
  it.each(['CREATE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED'])(
    'removes the empty stores, and then the stack with the status %s',
    async (status) => {
      const { deleted, remove } = leftBehind(status)
      expect(await remove()).toEqual([
        { kind: 'table', id: TABLE.id },
        { kind: 'bucket', id: BUCKET.id },
        { kind: 'key', id: KEY.id },
      ])
      expect(deleted).toEqual([TABLE.id, BUCKET.id, KEY.id, 'stack'])
    },
  )

  it('removes nothing if a store contains data, and names the store', async () => {
    const { deleted, remove } = leftBehind('ROLLBACK_COMPLETE', BUCKET.id)
    await expect(remove()).rejects.toThrow(NotRemovableError)
    await expect(remove()).rejects.toThrow(
      'these stores contain data, so nothing was deleted: bucket shop-blobs-000000000000-us-east-1',
    )
    expect(deleted).toEqual([])
  })

  it.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_FAILED', 'CREATE_IN_PROGRESS'])(
    'removes nothing of a stack with the status %s',
    async (status) => {
      const { deleted, remove } = leftBehind(status)
      await expect(remove()).rejects.toThrow(`the stack shop-data has the status ${status}`)
      expect(deleted).toEqual([])
    },
  )

  it('reports that there is no stack', async () => {
    const { deleted, remove } = leftBehind(undefined)
    await expect(remove()).rejects.toThrow('there is no stack shop-data')
    expect(deleted).toEqual([])
  })
})
