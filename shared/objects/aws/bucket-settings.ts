import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3'

/** Reads the settings of buckets. */
export class BucketSettings {
  readonly #client: S3Client

  constructor(client: S3Client) {
    this.#client = client
  }

  async isVersioned(bucket: string): Promise<boolean> {
    const { Status } = await this.#client.send(new GetBucketVersioningCommand({ Bucket: bucket }))
    return Status === 'Enabled'
  }

  /** Returns true if the bucket sends its events to EventBridge. */
  async sendsEvents(bucket: string): Promise<boolean> {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket })
    const { EventBridgeConfiguration } = await this.#client.send(command)
    return EventBridgeConfiguration !== undefined
  }
}
