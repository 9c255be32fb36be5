import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Grant, SignerFor } from './signed-urls.ts'

/** What AWS gives a role that another role assumed, at most: an hour. */
const SESSION_SECONDS = 3600

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/**
 * Signs each URL with a session of its own, of a role that may read archives and fill slots, narrowed to the one action on the one
 * key. What a URL leaks is that key, for the hour.
 */
export const roleSigner =
  (sts: STSClient, roleArn: string | undefined, clientFor: (credentials: Credentials) => S3Client): SignerFor =>
  async (grant) => {
    if (roleArn === undefined) throw new Error('SIGNER_ROLE_ARN is not set: this function may not sign URLs')
    const { Credentials: given } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: `specstar-${grant.action}`,
        DurationSeconds: SESSION_SECONDS,
        Policy: JSON.stringify(sessionPolicy(grant, roleArn.split(':')[1] ?? 'aws')),
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {}
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
      throw new Error(`no session of role ${roleArn}`)
    return {
      client: clientFor({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }),
      ...(Expiration === undefined ? {} : { until: Expiration }),
    }
  }

/** The role's own policy says on which prefixes; this one, on which key. */
const sessionPolicy = ({ action, bucket, key, version_id }: Grant, partition: string): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: action === 'put' ? 's3:PutObject' : version_id === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
      // `*` and `?` in a key would be patterns here, `$` the beginning of a variable.
      Resource: `arn:${partition}:s3:::${bucket}/${key.replaceAll(/[*?$]/g, (sign) => `\${${sign}}`)}`,
    },
    // Where the buckets have a key of their own. What the role itself may not, its sessions may not either.
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' },
  ],
})
