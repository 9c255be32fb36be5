import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Grant, SignerFor } from './signed-urls.ts'

/** AWS limits a session of a role that was assumed by another role to one hour. */
const SESSION_SECONDS = 3600

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/**
 * Signs each URL in a separate session of a role that may read archives and write upload slots. The session is
 * restricted to the action and the key of the URL, so a leaked URL permits nothing else. The returned function throws
 * if `roleArn` is undefined or if AWS returns no session.
 */
export const roleSigner =
  (sts: STSClient, roleArn: string | undefined, clientFor: (credentials: Credentials) => S3Client): SignerFor =>
  async (grant) => {
    if (roleArn === undefined) throw new Error('SIGNER_ROLE_ARN is not set: this function may not sign URLs')
    const { Credentials: credentials } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: `specstar-${grant.action}`,
        DurationSeconds: SESSION_SECONDS,
        Policy: JSON.stringify(sessionPolicy(grant, roleArn.split(':')[1] ?? 'aws')),
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {}
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
      throw new Error(`AWS returned no session of role ${roleArn}`)
    return {
      client: clientFor({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }),
      ...(Expiration === undefined ? {} : { until: Expiration }),
    }
  }

/** The policy of the role restricts it to prefixes; this policy restricts the session to one key. */
const sessionPolicy = ({ action, bucket, key, version_id }: Grant, partition: string): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: action === 'put' ? 's3:PutObject' : version_id === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
      // In a policy, `*` and `?` are wildcards and `$` begins a variable. They are escaped as `${*}`.
      Resource: `arn:${partition}:s3:::${bucket}/${key.replaceAll(/[*?$]/g, (sign) => `\${${sign}}`)}`,
    },
    // Needed if the buckets have a KMS key. A session has no permission that its role lacks.
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' },
  ],
})
