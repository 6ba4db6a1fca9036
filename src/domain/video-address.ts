/** Whether an address names a video by its ending, and so neither a picture nor motion JPEG. */
export function isVideoAddress(address: string): boolean {
  return /\.(m3u8|mpd|flv|ts|mp4|mkv|webm)([?#]|$)/i.test(address);
}
