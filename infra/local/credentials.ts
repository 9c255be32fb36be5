/**
 * The only credentials that the local services accept. The name is that of the server that earlier versions used for S3:
 * it stays, because scripts and environments contain it.
 */
export const LOCAL_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const
