#include "jpeg-small.h"

#include <csetjmp>
// jpeglib.h needs what stdio.h declares.
#include <cstdio>
#include <cstring>

#include <jerror.h>
#include <jpeglib.h>

namespace scenecast {
namespace {

// Larger than any camera's. Limits the cost of a small file whose header claims a large picture.
constexpr uint64_t kMaxPixels = 64 << 20;

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr int kProfileMarker = JPEG_APP0 + 2;
// Bytes of a segment that are enough to identify it.
constexpr unsigned kSegmentBytes = 11;

// libjpeg reports errors by a callback that must not return, so the callback jumps (longjmp). Every function of this
// class that calls libjpeg sets the place to jump to and has no local object with a destructor.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = giveUp;
    errors_.emit_message = onMessage;
    info_.client_data = this;
  }
  ~Decoder() {
    if (isCreated_) jpeg_destroy_decompress(&info_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Reads up to the picture's data. False if the file is not for this decoder.
  bool readHeader(const uint8_t* bytes, size_t size, uint32_t width, uint32_t height) {
    if (setjmp(fault_) != 0) return false;
    jpeg_create_decompress(&info_);
    isCreated_ = true;
    jpeg_mem_src(&info_, bytes, size);
    jpeg_save_markers(&info_, kExifMarker, kSegmentBytes);
    jpeg_save_markers(&info_, kProfileMarker, kSegmentBytes);
    if (jpeg_read_header(&info_, TRUE) != JPEG_HEADER_OK) return false;
    if (info_.image_width != width || info_.image_height != height) return false;
    if (uint64_t{width} * height > kMaxPixels) return false;
    // Several scans need memory for the whole picture, and a small file can have thousands of them.
    if (info_.progressive_mode || info_.arith_code || jpeg_has_multiple_scans(&info_)) return false;
    if (info_.jpeg_color_space != JCS_YCbCr && info_.jpeg_color_space != JCS_GRAYSCALE) return false;
    return !isShownOtherwise();
  }

  // Sets the size of the decoded picture and its channels.
  bool start(uint32_t shrink, SmallPicture& small) {
    if (setjmp(fault_) != 0) return false;
    // The colours as they are stored: nothing is converted.
    info_.out_color_space = info_.jpeg_color_space;
    info_.scale_num = 1;
    info_.scale_denom = shrink;
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = FALSE;
    if (!jpeg_start_decompress(&info_)) return false;
    small.width = info_.output_width;
    small.height = info_.output_height;
    small.channels = static_cast<uint32_t>(info_.output_components);
    return small.channels == 1 || small.channels == 3;
  }

  // `levels` has room for the size that `start` has set.
  bool read(uint8_t* levels) {
    if (setjmp(fault_) != 0) return false;
    const size_t rowBytes = size_t{info_.output_width} * static_cast<size_t>(info_.output_components);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = levels + info_.output_scanline * rowBytes;
      if (jpeg_read_scanlines(&info_, &row, 1) != 1) return false;
    }
    return true;
  }

 private:
  // Whether metadata may rotate the picture or change its levels.
  bool isShownOtherwise() const {
    for (const jpeg_marker_struct* segment = info_.marker_list; segment != nullptr; segment = segment->next) {
      const bool isExif = segment->marker == kExifMarker;
      const char* name = isExif ? "Exif" : "ICC_PROFILE";
      const size_t length = isExif ? 4 : kSegmentBytes;
      if (segment->data_length >= length && std::memcmp(segment->data, name, length) == 0) return true;
    }
    return false;
  }

  [[noreturn]] static void giveUp(j_common_ptr info) {
    std::longjmp(static_cast<Decoder*>(info->client_data)->fault_, 1);
  }

  static void onMessage(j_common_ptr info, int level) {
    if (level >= 0) return;  // a trace message; warnings are negative
    // Harmless errors of many cameras. Any other warning may mean damage.
    const int code = info->err->msg_code;
    if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR) giveUp(info);
  }

  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf fault_{};
  bool isCreated_ = false;
};

}  // namespace

std::optional<SmallPicture> decodeSmall(const uint8_t* bytes, size_t size, uint32_t width, uint32_t height,
                                        uint32_t shrink) {
  Decoder decoder;
  SmallPicture small;
  if (!decoder.readHeader(bytes, size, width, height) || !decoder.start(shrink, small)) return {};
  small.rightEnd = static_cast<double>(width) / shrink;
  small.bottomEnd = static_cast<double>(height) / shrink;
  small.levels.resize(size_t{small.width} * small.height * small.channels);
  if (!decoder.read(small.levels.data())) return {};
  return small;
}

}  // namespace scenecast
