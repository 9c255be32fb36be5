import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { DemoFailedError } from './check.ts'

/** Flips one bit in the middle of a blob. The size, the content type and the metadata of the blob do not change. */
export const damageBlob = async (s3: S3Client, bucket: string, key: string): Promise<void> => {
  const { Body, ContentType, Metadata } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  const bytes = await Body?.transformToByteArray()
  const middle = Math.floor((bytes?.length ?? 0) / 2)
  const byte = bytes?.[middle]
  if (bytes === undefined || byte === undefined) throw new DemoFailedError(`blob ${key} is empty and cannot be damaged`)
  bytes[middle] = byte ^ 1
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ContentType, Metadata }))
}

/**
 * Changes the field `name` in the payload of a revision. The other attributes of its item, such as its hash, do not
 * change.
 */
export const damageRevision = async (dynamo: DynamoDBClient, table: string, pk: string, sk: string): Promise<void> => {
  const Key = { pk: { S: pk }, sk: { S: sk } }
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
  const data = Item?.['data']?.S
  if (data === undefined) throw new DemoFailedError(`revision ${sk} has no payload in its item and cannot be damaged`)
  await dynamo.send(
    new UpdateItemCommand({
      TableName: table,
      Key,
      UpdateExpression: 'SET #data = :damaged',
      ExpressionAttributeNames: { '#data': 'data' },
      ExpressionAttributeValues: { ':damaged': { S: data.replace(/"name":"/, '"name":"not ') } },
    }),
  )
}
