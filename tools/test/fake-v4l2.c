// A V4L2 capture device that exists in one process only: preloaded, it answers for /dev/video250 what a kernel would.
// It fills its buffers every 20 ms, 64x32 pixels, YUYV or MJPEG; FAKE_V4L2_MODE names a file whose word says what goes
// wrong: ok, freeze, marked, short, cut, eio, enodev, busy. With FAKE_V4L2_PLANES=1 it knows only the multi-planar
// interface. Real drivers: npm run board-vm -- cameras.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/video250"
enum { WIDTH = 64, HEIGHT = 32, SLOT_BYTES = 16384, BUFFERS = 8, JPEG_BYTES = 600 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t filler;
// The device is an eventfd, so that it can be polled; its buffers are slots of a memory file.
static int device = -1, memory = -1, is_running, is_streaming;
static int queued[BUFFERS], queued_count, filled[BUFFERS], filled_count;
static struct v4l2_buffer state[BUFFERS];
static uint32_t fourcc = V4L2_PIX_FMT_YUYV;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_mode(const char* word) {
  char text[16] = {0};
  FILE* file = fopen(getenv("FAKE_V4L2_MODE"), "r");
  if (file == NULL) return 0;
  const int read = fscanf(file, "%15s", text);
  fclose(file);
  return read == 1 && strcmp(text, word) == 0;
}

static int is_multi_planar(void) { return getenv("FAKE_V4L2_PLANES") != NULL; }

static void fill(int index) {
  uint8_t* bytes = REAL(mmap)(NULL, SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)index * SLOT_BYTES);
  memset(bytes, 0x80, SLOT_BYTES);
  uint32_t used = WIDTH * HEIGHT * 2;
  if (fourcc == V4L2_PIX_FMT_MJPEG) {
    used = JPEG_BYTES;
    memcpy(bytes, "\xFF\xD8", 2);
    if (!is_mode("cut")) memcpy(bytes + JPEG_BYTES - 10, "\xFF\xD9", 2);  // drivers pad
  }
  munmap(bytes, SLOT_BYTES);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  state[index].timestamp.tv_sec = now.tv_sec;
  state[index].timestamp.tv_usec = now.tv_nsec / 1000;
  state[index].bytesused = is_mode("short") ? used / 2 : used;
  state[index].flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | (is_mode("marked") ? V4L2_BUF_FLAG_ERROR : 0);
  filled[filled_count++] = index;
}

static void* run(void* unused) {
  while (is_running) {
    usleep(20000);
    pthread_mutex_lock(&lock);
    const int has_failed = is_mode("eio") || is_mode("enodev");
    if (is_streaming && !has_failed && queued_count > 0 && !is_mode("freeze")) {
      fill(queued[0]);
      memmove(queued, queued + 1, --queued_count * sizeof *queued);
      eventfd_write(device, 1);
    }
    if (is_streaming && has_failed) eventfd_write(device, 1);  // as poll tells an error
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

static int set_format(struct v4l2_format* format) {
  if (is_multi_planar()) {
    struct v4l2_pix_format_mplane* pixels = &format->fmt.pix_mp;
    fourcc = pixels->pixelformat;
    pixels->width = WIDTH, pixels->height = HEIGHT, pixels->num_planes = 1, pixels->colorspace = V4L2_COLORSPACE_SRGB;
    pixels->plane_fmt[0].bytesperline = WIDTH * 2, pixels->plane_fmt[0].sizeimage = SLOT_BYTES;
  } else {
    struct v4l2_pix_format* pixels = &format->fmt.pix;
    fourcc = pixels->pixelformat;
    pixels->width = WIDTH, pixels->height = HEIGHT, pixels->colorspace = V4L2_COLORSPACE_SRGB;
    pixels->bytesperline = WIDTH * 2, pixels->sizeimage = SLOT_BYTES;
  }
  return 0;
}

static int take_filled(struct v4l2_buffer* buffer) {
  eventfd_t count;
  if (filled_count == 0) return EAGAIN;
  eventfd_read(device, &count);
  const int index = filled[0];
  memmove(filled, filled + 1, --filled_count * sizeof *filled);
  buffer->index = index;
  buffer->flags = state[index].flags;
  buffer->timestamp = state[index].timestamp;
  if (is_multi_planar()) {
    buffer->m.planes[0].bytesused = state[index].bytesused;
  } else {
    buffer->bytesused = state[index].bytesused;
  }
  return 0;
}

// The errno that the request ends with.
static int answer(unsigned long request, void* argument) {
  struct v4l2_buffer* buffer = argument;
  if (is_mode("enodev")) return ENODEV;
  switch (request) {
    case VIDIOC_QUERYCAP: {
      struct v4l2_capability* capability = argument;
      strcpy((char*)capability->card, "Fake");
      capability->capabilities = V4L2_CAP_DEVICE_CAPS;
      capability->device_caps =
          V4L2_CAP_STREAMING | (is_multi_planar() ? V4L2_CAP_VIDEO_CAPTURE_MPLANE : V4L2_CAP_VIDEO_CAPTURE);
      return 0;
    }
    case VIDIOC_ENUM_FMT: {
      static const uint32_t offered[] = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG};
      struct v4l2_fmtdesc* format = argument;
      if (format->index >= 2) return EINVAL;
      format->pixelformat = offered[format->index];
      return 0;
    }
    case VIDIOC_S_FMT:
      return set_format(argument);
    case VIDIOC_REQBUFS:
      queued_count = filled_count = 0;
      return is_mode("busy") ? EBUSY : 0;
    case VIDIOC_QUERYBUF:
      if (is_multi_planar()) {
        buffer->m.planes[0].length = SLOT_BYTES, buffer->m.planes[0].m.mem_offset = buffer->index * SLOT_BYTES;
      } else {
        buffer->length = SLOT_BYTES, buffer->m.offset = buffer->index * SLOT_BYTES;
      }
      return 0;
    case VIDIOC_QBUF:
      queued[queued_count++] = buffer->index;
      return 0;
    case VIDIOC_STREAMON:
      is_streaming = 1;
      return 0;
    case VIDIOC_STREAMOFF:
      is_streaming = 0;
      return 0;
    case VIDIOC_DQBUF:
      return is_mode("eio") ? EIO : take_filled(buffer);
    default:
      return request == VIDIOC_QUERY_EXT_CTRL || request == VIDIOC_ENUM_FRAMESIZES ? EINVAL : ENOTTY;
  }
}

int stat(const char* path, struct stat* status) {
  if (strcmp(path, DEVICE) != 0) return REAL(stat)(path, status);
  memset(status, 0, sizeof *status);
  status->st_mode = S_IFCHR | 0660;
  status->st_rdev = makedev(81, 250);
  return 0;
}

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = va_arg(list, mode_t);
  va_end(list);
  if (strcmp(path, DEVICE) != 0) return REAL(open)(path, flags, mode);
  memory = memfd_create("fake-v4l2", MFD_CLOEXEC);
  if (ftruncate(memory, (off_t)SLOT_BYTES * BUFFERS) != 0) return -1;
  device = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE | EFD_CLOEXEC);
  is_streaming = queued_count = filled_count = 0;
  is_running = 1;
  pthread_create(&filler, NULL, run, NULL);
  return device;
}

int close(int descriptor) {
  if (descriptor >= 0 && descriptor == device) {
    is_running = 0;
    pthread_join(filler, NULL);
    REAL(close)(memory);
    device = -1;
  }
  return REAL(close)(descriptor);
}

void* mmap(void* address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  const int target = descriptor >= 0 && descriptor == device ? memory : descriptor;
  return REAL(mmap)(address, length, protection, flags, target, offset);
}

int ioctl(int descriptor, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (descriptor < 0 || descriptor != device) return REAL(ioctl)(descriptor, request, argument);
  pthread_mutex_lock(&lock);
  const int error = answer(request, argument);
  pthread_mutex_unlock(&lock);
  errno = error;
  return error == 0 ? 0 : -1;
}
