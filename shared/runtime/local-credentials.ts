/**
 * The only access key that the local services accept. `S3RVER` is the S3 server of earlier versions. The key must not
 * change, because scripts and environments of users contain it.
 */
export const LOCAL_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const
