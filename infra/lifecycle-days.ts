/*
 * The days after which S3 deletes what the deployment no longer needs. On AWS, lifecycle rules of the buckets do this;
 * the local S3 service does the same.
 */

/** A job takes at most about four days. In the remaining days, an operator can examine the files of a failed job. */
export const WORK_DAYS = 7
/** Composing or uploading an archive of hundreds of gigabytes takes hours, but less than two days. */
export const UNFINISHED_UPLOAD_DAYS = 2
