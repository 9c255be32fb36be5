/*
 * The numbers of days after which S3 deletes work files and unfinished uploads. On AWS, lifecycle rules of the buckets
 * delete them. In the local program, the local S3 service deletes them.
 */

/** A job takes at most about four days. In the remaining days, an operator can examine the files of a failed job. */
export const WORK_DAYS = 7
/** Composing or uploading an archive of hundreds of gigabytes takes hours, but less than two days. */
export const UNFINISHED_UPLOAD_DAYS = 2
