import { paginateScan, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { LocalStores } from '../../infra/local/stores/local-stores.ts'

/** Returns the key of a blob in the store. */
export const firstBlob = async ({ s3, config }: Pick<LocalStores, 's3' | 'config'>): Promise<string> => {
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: config.buckets.blobs, Prefix: 'blobs/', MaxKeys: 1 }),
  )
  const key = Contents[0]?.Key
  if (key === undefined) throw new Error('the store contains no blob')
  return key
}

interface StoredRevision {
  readonly pk: string
  readonly sk: string
  /** The id of the resource. */
  readonly id: string
}

/** Returns a revision of a model whose payload is in its item. */
export const firstRevision = async (
  { dynamo, config }: Pick<LocalStores, 'dynamo' | 'config'>,
  model: string,
): Promise<StoredRevision> => {
  for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName: config.tables.resources }))
    for (const { pk, sk, data } of Items)
      if (pk?.S?.startsWith(`${model}#r#`) === true && data?.S?.includes('"name":"') === true)
        return { pk: pk.S, sk: sk?.S ?? '', id: sk?.S?.split('/')[1] ?? '' }
  throw new Error(`the store contains no revision of the model ${model}`)
}

/** So few units a second that an export of the sample data takes a minute. */
const SLOW_UNITS = 20

/**
 * Limits the reads and writes of the resource table, so that jobs take long. Returns a function that removes the
 * limits.
 */
export const slowDown = async (
  { dynamo, config }: Pick<LocalStores, 'dynamo' | 'config'>,
  units = SLOW_UNITS,
): Promise<() => Promise<void>> => {
  const { protocol, hostname, port } = (await dynamo.config.endpoint?.()) ?? {}
  const url = `${protocol ?? ''}//${hostname ?? ''}:${port ?? 0}/-/limits`
  const set = async (limits: object | null): Promise<void> => {
    const { status } = await fetch(url, { method: 'PUT', body: JSON.stringify(limits) })
    if (status !== 200) throw new Error(`setting the limits failed with status ${status}`)
  }
  await set({
    partitionUnits: units,
    tableUnits: units,
    writeCost: 1,
    creditSeconds: 1,
    latencyMs: 0,
    tables: [config.tables.resources],
  })
  return () => set(null)
}

/** Changes the metadata of a city, as another program would. */
export const changeCity = async (stores: Pick<LocalStores, 'dynamo' | 'config'>): Promise<{ readonly id: string }> => {
  const { dynamo, config } = stores
  const { id } = await firstRevision(stores, 'city')
  for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName: config.tables.resources }))
    for (const { pk, sk, resource_id } of Items)
      if (pk?.S?.startsWith('city#m#') === true && resource_id?.S === id) {
        await dynamo.send(
          new UpdateItemCommand({
            TableName: config.tables.resources,
            Key: { pk, sk: { S: sk?.S ?? '' } },
            UpdateExpression: 'SET updated_by = :by',
            ExpressionAttributeValues: { ':by': { S: 'somebody else' } },
          }),
        )
        return { id }
      }
  throw new Error(`the store contains no metadata of ${id}`)
}
