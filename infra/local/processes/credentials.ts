/**
 * The only access key that the local services accept. It is named after the S3 server of earlier versions. It has not
 * changed, because scripts and environments contain it.
 */
export const LOCAL_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const
